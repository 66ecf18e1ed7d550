package io.weir.precompute.source.otlp;

import com.google.common.net.InetAddresses;
import com.google.rpc.Code;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.http.Context;
import io.weir.precompute.source.otlp.PushBodies.TooLargeException;
import io.weir.precompute.source.otlp.PushReceiver.Failure;
import io.weir.precompute.source.otlp.PushReceiver.RequestException;
import io.weir.precompute.source.otlp.PushReceiver.Sender;
import io.weir.proto.http.UnreadBody;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
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
    private final PushBodies bodies;
    private final Javalin server;

    private PushHttp(ReceiverSettings settings, PushReceiver receiver) {
        this.settings = settings;
        this.receiver = receiver;
        bodies = new PushBodies(settings);
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
            context.contentType(PROTOBUF).result(answer(context, sender));
        } catch (HttpException e) {
            // A sender that sees a broken connection instead would repeat the same request for ever.
            UnreadBody.finish(context);
            error(context, e.status, Code.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
        } catch (TooLargeException e) {
            UnreadBody.finish(context);
            error(context, 413, Code.RESOURCE_EXHAUSTED, String.valueOf(e.getMessage()));
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

    /** Reads all of a request before its turn comes: while others are worked on, the network may be slow. */
    private byte[] answer(Context context, Sender sender)
            throws HttpException, TooLargeException, RequestException, InterruptedException {
        if (context.req().getContentLengthLong() > settings.requestBytesMax()) {
            throw bodies.tooLarge();
        }
        boolean isPacked = isPacked(context);
        try (PushBodies.Body body = receiver.counted(() -> body(context))) {
            return receiver.inTurn(() -> receiver.receive(sender, isPacked ? unpacked(body.bytes()) : body.bytes()))
                    .toByteArray();
        }
    }

    private static boolean isPacked(Context context) throws HttpException {
        String encoding = Objects.requireNonNullElse(context.header("Content-Encoding"), "")
                .strip();
        return switch (encoding.toLowerCase(Locale.ROOT)) {
            case "", "identity" -> false;
            case "gzip" -> true;
            default -> throw new HttpException(415, "Content-Encoding must be gzip, identity or none, not " + encoding);
        };
    }

    private PushBodies.Body body(Context context) throws RequestException, TooLargeException {
        try (InputStream stream = context.req().getInputStream()) {
            return bodies.read(stream);
        } catch (EOFException e) {
            throw new RequestException(Failure.BAD_REQUEST, "the body ended early");
        } catch (IOException e) {
            LOG.debug("a push could not be read", e);
            throw new RequestException(Failure.BAD_REQUEST, "the body could not be read: " + e.getMessage());
        }
    }

    private byte[] unpacked(byte[] packed) throws RequestException, TooLargeException {
        try (InputStream stream = new GZIPInputStream(new ByteArrayInputStream(packed))) {
            return bodies.bounded(stream);
        } catch (EOFException e) {
            throw new RequestException(Failure.BAD_REQUEST, "the body ended early");
        } catch (IOException e) {
            throw new RequestException(Failure.BAD_REQUEST, "the body is not compressed by gzip: " + e.getMessage());
        }
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
