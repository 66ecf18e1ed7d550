package io.weir.precompute.source.otlp;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.precompute.source.pushed.PushedSketches;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The ports that collectors push sketches to: OTLP over gRPC and HTTP. What is pushed goes to {@link PushedSketches}. */
public final class OtlpReceiver implements AutoCloseable {
    private static final long CLOSE_SECONDS_MAX = 2;

    private final ExecutorService calls;
    private final Server grpc;
    private final PushHttp http;

    private OtlpReceiver(ExecutorService calls, Server grpc, PushHttp http) {
        this.calls = calls;
        this.grpc = grpc;
        this.http = http;
    }

    /**
     * Opens the ports.
     *
     * @throws UncheckedIOException if one is taken; the message names the setting
     */
    public static OtlpReceiver start(ReceiverSettings settings, PushedSketches store, MeterRegistry registry) {
        PushReceiver receiver = new PushReceiver(settings, store, registry);
        ExecutorService calls = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("weir-precompute-push-", 0).factory());
        Server grpc = NettyServerBuilder.forAddress(new InetSocketAddress(settings.host(), settings.grpcPort()))
                .executor(calls)
                .maxInboundMessageSize(settings.requestBytesMax())
                // Messages are buffered before their turn comes: as many a connection as are worked on.
                .maxConcurrentCallsPerConnection(settings.requestsMax())
                .addService(PushGrpcService.definition(receiver))
                .addService(new PushedFetchService(receiver, store, settings))
                .build();
        try {
            grpc.start();
        } catch (IOException e) {
            calls.close();
            throw new UncheckedIOException(
                    "precompute-receiver-grpc-port=" + settings.grpcPort() + " cannot be opened: " + e.getMessage(), e);
        }
        try {
            return new OtlpReceiver(calls, grpc, PushHttp.start(settings, receiver));
        } catch (RuntimeException e) {
            grpc.shutdownNow();
            calls.close();
            throw e;
        }
    }

    public int grpcPort() {
        return grpc.getPort();
    }

    public int httpPort() {
        return http.port();
    }

    @Override
    public void close() {
        grpc.shutdown();
        http.close();
        try {
            if (!grpc.awaitTermination(CLOSE_SECONDS_MAX, TimeUnit.SECONDS)) {
                grpc.shutdownNow();
            }
        } catch (InterruptedException e) {
            grpc.shutdownNow();
            Thread.currentThread().interrupt();
        }
        calls.shutdownNow();
    }
}
