package io.weir.queryapi.http;

import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.encoding.PrometheusJson;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers of the server itself, for requests that reach no route (not HTTP, too long), and for errors of the machine, such as memory that is
 * used up: Prometheus' envelope, never a page and never a stack trace.
 */
final class ServerErrors extends ErrorHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ServerErrors.class);

    private final int requestHeaderBytesMax;

    ServerErrors(int requestHeaderBytesMax) {
        this.requestHeaderBytesMax = requestHeaderBytesMax;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        int status = response.getStatus();
        if (request.getAttribute(ERROR_EXCEPTION) instanceof Throwable cause && status >= 500) {
            LOG.error("{} failed", request, cause);
        }
        // The server does not read on after a request that it cannot read, or when it stops. A client that is not told
        // would send its next request into a connection that ends.
        response.getHeaders().put(HttpHeader.CONNECTION, "close");
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        if (status == 503) {
            response.getHeaders().put(HttpHeader.RETRY_AFTER, 1);
        }
        response.write(true, ByteBuffer.wrap(envelope(status)), callback);
        return true;
    }

    private byte[] envelope(int status) {
        return switch (status) {
            case 414, 431 ->
                json(
                        "bad_data",
                        "the request line and headers have more than " + requestHeaderBytesMax
                                + " bytes (setting http-request-header-bytes-max); send the parameters by POST");
            case 404 -> json("not_found", "not found");
            // Of the requests that come while the answers before them are waited for.
            case 503 -> json("unavailable", ApiServer.STOPPING);
            default ->
                status < 500
                        ? json("bad_data", "the server cannot read the request (status " + status + ")")
                        : json("internal", "internal error; the server's log has the details");
        };
    }

    /** For an error that no handler may catch. */
    static void answer(HttpServletResponse response, Error error) {
        LOG.error("a request failed with an error of the machine", error);
        if (response.isCommitted()) {
            return;
        }
        response.setStatus(500);
        response.setContentType("application/json");
        try {
            response.getOutputStream()
                    .write(json("internal", "internal error: " + error + "; the server's log has the details"));
        } catch (IOException e) {
            LOG.debug("the client is gone: {}", e.toString());
        }
    }

    private static byte[] json(String errorType, String message) {
        try {
            var bytes = new ByteArrayOutputStream();
            JsonBytes json = JsonBytes.to(bytes, 1024);
            PrometheusJson.error(json, errorType, message);
            json.flush();
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot fail", e);
        }
    }
}
