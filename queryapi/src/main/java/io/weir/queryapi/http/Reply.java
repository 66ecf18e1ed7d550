package io.weir.queryapi.http;

import io.javalin.http.Context;
import io.weir.proto.http.UnreadBody;
import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.encoding.PrometheusJson;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** Sends JSON answers: small ones at once with their length, big ones buffer by buffer, compressed if the client takes gzip. */
public final class Reply {
    /** Below this size compression costs more than it saves. */
    private static final int COMPRESS_BYTES_MIN = 1400;

    private Reply() {}

    /** Writes the body of an answer. */
    public interface Body {
        void write(JsonBytes json) throws IOException;
    }

    /** Sends JSON with status 200. */
    public static void json(Context context, int bufferBytes, Body body) throws IOException {
        send(context, 200, bufferBytes, body);
    }

    /** Sends the data of a successful answer without warnings. */
    static void data(Context context, int bufferBytes, Body body) throws IOException {
        data(context, 200, bufferBytes, body);
    }

    /** Sends the data of a successful answer without warnings. */
    static void data(Context context, int status, int bufferBytes, Body body) throws IOException {
        send(context, status, bufferBytes, json -> {
            PrometheusJson.success(json);
            body.write(json);
            json.ascii('}');
        });
    }

    /** Sends an error in Prometheus' envelope, if nothing was sent yet. */
    public static void error(Context context, ErrorMapping.ApiError error) throws IOException {
        if (context.res().isCommitted()) {
            return;
        }
        if (error.retryAfterSeconds() > 0) {
            context.header("Retry-After", Integer.toString(error.retryAfterSeconds()));
        }
        send(context, error.status(), 4096, json -> PrometheusJson.error(json, error.errorType(), error.message()));
    }

    private static void send(Context context, int status, int bufferBytes, Body body) throws IOException {
        // Here, since nothing can be said of the connection once the first bytes are sent.
        UnreadBody.finish(context);
        HttpServletResponse response = context.res();
        response.setStatus(status);
        response.setContentType("application/json");
        LateStream stream = new LateStream(response, acceptsGzip(context));
        JsonBytes json = JsonBytes.to(stream, bufferBytes);
        body.write(json);
        if (!stream.isOpen()) {
            if (json.buffered() < COMPRESS_BYTES_MIN || !stream.gzip) {
                response.setContentLength(json.buffered());
                stream.gzip = false;
            }
        }
        json.flush();
        stream.close();
    }

    private static boolean acceptsGzip(Context context) {
        String accepted = context.header("Accept-Encoding");
        if (accepted == null) {
            return false;
        }
        for (String part : accepted.split(",", -1)) {
            String[] pieces = part.trim().split(";", -1);
            if (pieces[0].trim().equalsIgnoreCase("gzip")) {
                return pieces.length == 1 || !pieces[1].trim().matches("q=0(\\.0*)?");
            }
        }
        return false;
    }

    /** The response's stream, opened when the first bytes come, so that short answers can still get a length. */
    private static final class LateStream extends OutputStream {
        private final HttpServletResponse response;
        private boolean gzip;
        private @Nullable OutputStream open;

        LateStream(HttpServletResponse response, boolean gzip) {
            this.response = response;
            this.gzip = gzip;
        }

        boolean isOpen() {
            return open != null;
        }

        private OutputStream stream() throws IOException {
            OutputStream stream = open;
            if (stream == null) {
                response.setHeader("Vary", "Accept-Encoding");
                stream = response.getOutputStream();
                if (gzip) {
                    response.setHeader("Content-Encoding", "gzip");
                    stream = new FastGzip(stream);
                }
                open = stream;
            }
            return stream;
        }

        @Override
        public void write(int b) throws IOException {
            stream().write(b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            stream().write(bytes, offset, length);
        }

        @Override
        public void close() throws IOException {
            OutputStream stream = open;
            if (stream instanceof FastGzip compressed) {
                compressed.finishAndEnd();
            }
        }
    }

    /** Gzip at its fastest level: the time of the query counts, not the last percent. */
    private static final class FastGzip extends GZIPOutputStream {
        FastGzip(OutputStream out) throws IOException {
            super(out, 16 << 10);
            def.setLevel(Deflater.BEST_SPEED);
        }

        void finishAndEnd() throws IOException {
            try {
                finish();
            } finally {
                def.end();
            }
        }
    }
}
