package io.weir.precompute.source.otlp;

import com.google.common.net.InetAddresses;
import com.google.rpc.Code;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.http.Context;
import io.weir.precompute.source.otlp.PushReceiver.Failure;
import io.weir.precompute.source.otlp.PushReceiver.RequestException;
import io.weir.precompute.source.otlp.PushReceiver.Sender;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * OTLP/HTTP for pushed sketches: {@code POST /v1/metrics} with protobuf. 400 is for bytes that are no request, 422 for a request of which nothing
 * keeps the contract; the body of an error is a {@code google.rpc.Status}, as OTLP wants it.
 */
final class PushHttp implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PushHttp.class);
    private static final String PROTOBUF = "application/x-protobuf";
    private static final int RETRY_AFTER_SECONDS = 5;

    private final ReceiverSettings settings;
    private final PushReceiver receiver;
    private final Javalin server;

    private PushHttp(ReceiverSettings settings, PushReceiver receiver) {
        this.settings = settings;
        this.receiver = receiver;
        server = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.startup.showOldJavalinVersionWarning = false;
            config.concurrency.useVirtualThreads = true;
            config.http.prefer405over404 = true;
            config.http.compressionStrategy = CompressionStrategy.NONE;
            config.jetty.host = settings.host();
            config.jetty.port = settings.httpPort();
            config.routes.post("/v1/metrics", this::metrics);
        });
    }

    static PushHttp start(ReceiverSettings settings, PushReceiver receiver) {
        PushHttp http = new PushHttp(settings, receiver);
        http.server.start();
        return http;
    }

    int port() {
        return server.port();
    }

    /** A request that ends with a status of HTTP, before it is looked into. */
    private static final class HttpException extends Exception {
        private static final long serialVersionUID = 1L;

        private final int status;

        HttpException(int status, String message) {
            super(message);
            this.status = status;
        }
    }

    private void metrics(Context context) {
        try {
            String contentType = Objects.requireNonNullElse(context.contentType(), "")
                    .split(";", 2)[0]
                    .strip();
            if (!contentType.equalsIgnoreCase(PROTOBUF)) {
                throw new HttpException(415, "Content-Type must be " + PROTOBUF);
            }
            Sender sender = new Sender(
                    context.header(PushReceiver.TENANT_HEADER),
                    context.header(PushReceiver.SENDER_HEADER),
                    address(context.req().getRemoteAddr()));
            byte[] answer = receiver.inTurn(() -> receiver.receive(sender, content(context)))
                    .toByteArray();
            context.contentType(PROTOBUF).result(answer);
        } catch (HttpException e) {
            error(context, e.status, Code.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
        } catch (TooLargeException e) {
            error(context, 413, Code.RESOURCE_EXHAUSTED, String.valueOf(e.getMessage()));
        } catch (UnsupportedEncodingException e) {
            error(context, 415, Code.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
        } catch (RequestException e) {
            failed(context, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            error(context, 503, Code.UNAVAILABLE, "the receiver is ending");
        }
    }

    /** In the form that gRPC's connections have it, brackets of IPv6 left out. */
    private static String address(String text) {
        String bare = text.startsWith("[") && text.endsWith("]") ? text.substring(1, text.length() - 1) : text;
        return InetAddresses.isInetAddress(bare) ? InetAddresses.forString(bare).getHostAddress() : text;
    }

    private static void failed(Context context, RequestException e) {
        if (e.failure() == Failure.OVERLOADED) {
            context.header("Retry-After", Integer.toString(RETRY_AFTER_SECONDS));
        }
        switch (e.failure()) {
            case BAD_REQUEST -> error(context, 400, Code.INVALID_ARGUMENT, e.text());
            case CONTRACT -> error(context, 422, Code.INVALID_ARGUMENT, e.text());
            case OVERLOADED -> error(context, 503, Code.UNAVAILABLE, e.text());
        }
    }

    private static final class TooLargeException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooLargeException(String message) {
            super(message);
        }
    }

    private static final class UnsupportedEncodingException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UnsupportedEncodingException(String message) {
            super(message);
        }
    }

    private byte[] content(Context context) throws RequestException {
        long announced = context.req().getContentLengthLong();
        if (announced > settings.requestBytesMax()) {
            throw tooLarge();
        }
        String encoding = Objects.requireNonNullElse(context.header("Content-Encoding"), "")
                .strip();
        try (InputStream body = context.req().getInputStream()) {
            return switch (encoding.toLowerCase(Locale.ROOT)) {
                case "", "identity" -> bounded(body);
                case "gzip" -> bounded(new GZIPInputStream(new ByteArrayInputStream(bounded(body))));
                default ->
                    throw new UnsupportedEncodingException(
                            "Content-Encoding must be gzip, identity or none, not " + encoding);
            };
        } catch (EOFException e) {
            throw new RequestException(Failure.BAD_REQUEST, "the body ended early");
        } catch (ZipException e) {
            throw new RequestException(Failure.BAD_REQUEST, "the body is not compressed by gzip: " + e.getMessage());
        } catch (IOException e) {
            LOG.debug("a push could not be read", e);
            throw new RequestException(Failure.BAD_REQUEST, "the body could not be read: " + e.getMessage());
        }
    }

    private byte[] bounded(InputStream stream) throws IOException {
        byte[] content = stream.readNBytes(settings.requestBytesMax());
        if (content.length == settings.requestBytesMax() && stream.read() >= 0) {
            throw tooLarge();
        }
        return content;
    }

    private TooLargeException tooLarge() {
        return new TooLargeException("the body has more than precompute-receiver-request-bytes-max="
                + settings.requestBytesMax() + " bytes; send smaller batches");
    }

    private static void error(Context context, int status, Code code, String message) {
        context.status(status)
                .contentType(PROTOBUF)
                .result(com.google.rpc.Status.newBuilder()
                        .setCode(code.getNumber())
                        .setMessage(message)
                        .build()
                        .toByteArray());
    }

    @Override
    public void close() {
        server.stop();
    }
}
