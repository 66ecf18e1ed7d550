package io.weir.ingest.testkit;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.ingest.http.IngestHttp;
import io.weir.ingest.http.IngestServer;
import io.weir.ingest.http.IngestSettings;
import io.weir.lake.catalog.IngestCatalog;
import io.weir.lake.store.ObjectStore;
import java.io.IOException;

/** A real ingester with its HTTP server on a free port of this machine. */
public final class TestingIngest implements AutoCloseable {
    private final IngestServer server;
    private final IngestHttp http;
    private final TestingSender sender;

    private TestingIngest(IngestServer server, IngestHttp http) {
        this.server = server;
        this.http = http;
        sender = new TestingSender(http.port());
    }

    public static TestingIngest start(IngestSettings settings, TestingLake lake) throws IOException {
        return start(settings, lake.catalog(), lake.store());
    }

    public static TestingIngest start(IngestSettings settings, IngestCatalog catalog, ObjectStore store)
            throws IOException {
        PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        IngestServer server = IngestServer.start(settings, catalog, store, meters);
        return new TestingIngest(server, IngestHttp.start(server, meters, "127.0.0.1", 0));
    }

    public IngestServer server() {
        return server;
    }

    public TestingSender sender() {
        return sender;
    }

    public int port() {
        return http.port();
    }

    @Override
    public void close() {
        http.close();
        server.close();
    }
}
