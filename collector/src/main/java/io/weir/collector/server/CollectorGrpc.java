package io.weir.collector.server;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.weir.collector.source.SketchSourceService;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The gRPC server of a collector: OTLP, and sketches to fetch, on one port. */
final class CollectorGrpc implements AutoCloseable {
    private final Server server;
    private final SketchSourceService source;
    private final ExecutorService calls;
    private final long closeMillisMax;

    private CollectorGrpc(Server server, SketchSourceService source, ExecutorService calls, long closeMillisMax) {
        this.server = server;
        this.source = source;
        this.calls = calls;
        this.closeMillisMax = closeMillisMax;
    }

    /**
     * Starts listening.
     *
     * @param callsMax of one connection at a time; the others wait with their sender
     * @param requestBytesMax of an export, uncompressed; twice as much is read before the transport ends the call without naming the setting
     * @throws IOException if the port cannot be bound; the message names it
     */
    static CollectorGrpc start(
            String host,
            int port,
            int callsMax,
            int requestBytesMax,
            OtlpMetricsService otlp,
            SketchSourceService source,
            long closeMillisMax)
            throws IOException {
        ExecutorService calls = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("weir-collector-grpc-", 0).factory());
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
                .executor(calls)
                .maxInboundMessageSize((int) Math.min(Integer.MAX_VALUE, 2L * requestBytesMax))
                // Messages are read and decoded before their turn comes.
                .maxConcurrentCallsPerConnection(callsMax)
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .intercept(new TenantInterceptor())
                .addService(otlp)
                .addService(source)
                .build();
        try {
            server.start();
        } catch (IOException e) {
            calls.shutdownNow();
            throw new IOException(
                    "the gRPC port " + host + ":" + port
                            + " cannot be listened on; is another collector running there?",
                    e);
        }
        return new CollectorGrpc(server, source, calls, closeMillisMax);
    }

    int port() {
        return server.getPort();
    }

    /** Takes no new calls, lets the running exports end, and ends fetches, which would wait for time to pass. */
    @Override
    public void close() throws InterruptedException {
        server.shutdown();
        source.close();
        if (!server.awaitTermination(closeMillisMax, TimeUnit.MILLISECONDS)) {
            server.shutdownNow();
        }
        calls.shutdownNow();
    }
}
