package io.weir.collector.server;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.collector.CollectorSettings;
import io.weir.collector.source.FetchSettings;
import io.weir.collector.source.SketchSourceService;
import io.weir.collector.store.SharedStore;
import io.weir.ingest.http.RequestMetrics;
import io.weir.ingest.http.WriteRoutes;
import io.weir.ingest.memory.HeadLimits;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.otlp.OtlpReceiver;
import io.weir.ingest.otlp.OtlpSettings;
import io.weir.ingest.remotewrite.RemoteWriteLimits;
import io.weir.ingest.remotewrite.RemoteWriteReceiver;
import java.io.IOException;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A collector: its store, its servers and the thread that closes intervals, started and stopped together. Keeps nothing on disk. */
public final class CollectorServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CollectorServer.class);

    private final CollectorHttp http;
    private final CollectorGrpc grpc;
    private final Thread sweeper;
    private final SharedStore store;

    private CollectorServer(CollectorHttp http, CollectorGrpc grpc, Thread sweeper, SharedStore store) {
        this.http = http;
        this.grpc = grpc;
        this.sweeper = sweeper;
        this.store = store;
    }

    /**
     * Where a collector listens. Ports may be 0 for any free one.
     *
     * @param httpPort remote write, OTLP over HTTP, metrics, probes
     * @param grpcPort OTLP over gRPC, and sketches to fetch
     */
    public record Address(String host, int httpPort, int grpcPort) {}

    /**
     * The limits of requests, as an ingester has them.
     *
     * @param series of it only the numbers of series and tenants mean something here
     */
    public record RequestLimits(RemoteWriteLimits remoteWrite, OtlpSettings otlp, HeadLimits series) {}

    /**
     * Starts a collector.
     *
     * @param hashSeed of the tables of series; any number
     * @throws IOException if a port cannot be bound
     */
    public static CollectorServer start(
            CollectorSettings settings,
            RequestLimits limits,
            Address address,
            PrometheusMeterRegistry meters,
            InstantSource clock,
            long hashSeed)
            throws IOException {
        CollectorMetrics metrics = new CollectorMetrics(meters);
        RequestMetrics requests = new RequestMetrics(meters, "weir.collector");
        SeriesRegistry registry = new SeriesRegistry(limits.series(), hashSeed);
        SharedStore store = new SharedStore(settings.store(), settings.sketch(), registry, clock, metrics::added);
        metrics.watch(meters, store, settings.store(), clock);
        RemoteWriteReceiver remoteWrite =
                new RemoteWriteReceiver(limits.remoteWrite(), registry, store, (tenant, metadata) -> {}, clock, false);
        OtlpReceiver otlp = new OtlpReceiver(
                limits.otlp(), limits.remoteWrite(), registry, store, (tenant, metadata) -> {}, clock, false);
        CollectorGrpc grpc = CollectorGrpc.start(
                address.host(),
                address.grpcPort(),
                callsMax(settings.fetch(), limits.otlp()),
                limits.otlp().requestBytesMax(),
                new OtlpMetricsService(otlp, requests),
                new SketchSourceService(settings.fetch(), store, metrics),
                settings.closeMillisMax());
        CollectorHttp http = new CollectorHttp(
                new WriteRoutes(remoteWrite, otlp, requests), meters, address.host(), address.httpPort());
        try {
            http.start();
        } catch (RuntimeException e) {
            closeAfterFailure(grpc);
            throw new IOException(
                    "the HTTP port " + address.host() + ":" + address.httpPort()
                            + " cannot be listened on; is another process running there?",
                    e);
        }
        Thread sweeper =
                Thread.ofVirtual().name("weir-collector-sweep").start(() -> sweep(store, settings.sweepMillis()));
        LOG.info(
                "collector listens on {}, HTTP {} and gRPC {}: intervals of {} ms, closed {} ms after their end, kept"
                        + " {} ms",
                address.host(),
                http.port(),
                grpc.port(),
                settings.store().intervalMillis(),
                settings.store().allowedLatenessMillis(),
                settings.store().retentionMillis());
        return new CollectorServer(http, grpc, sweeper, store);
    }

    /** As many as are worked on: exports and fetches share the port, and a fetch may wait long for its window's end. */
    private static int callsMax(FetchSettings fetch, OtlpSettings otlp) {
        return (int) Math.min(Integer.MAX_VALUE, (long) fetch.concurrentMax() + otlp.concurrentRequestsMax());
    }

    private static void closeAfterFailure(CollectorGrpc grpc) {
        try {
            grpc.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void sweep(SharedStore store, long sweepMillis) {
        try {
            while (true) {
                Thread.sleep(sweepMillis);
                try {
                    store.sweep();
                } catch (RuntimeException e) {
                    LOG.error("intervals could not be closed; tried again in {} ms", sweepMillis, e);
                }
            }
        } catch (InterruptedException e) {
            // The end of the collector.
            Thread.currentThread().interrupt();
        }
    }

    public int httpPort() {
        return http.port();
    }

    public int grpcPort() {
        return grpc.port();
    }

    /** What is kept now. */
    public SharedStore.Figures figures() {
        return store.figures();
    }

    /** Takes no requests any more, ends the running ones in bounded time. What was kept is gone: it was in memory only. */
    @Override
    public void close() throws InterruptedException {
        http.drain();
        grpc.close();
        http.close();
        sweeper.interrupt();
    }
}
