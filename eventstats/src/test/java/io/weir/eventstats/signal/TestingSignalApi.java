package io.weir.eventstats.signal;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.eventstats.auth.AuthService;
import io.weir.eventstats.auth.AuthSettings;
import io.weir.eventstats.testkit.NoWorkers;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.queryapi.http.ApiServer;
import io.weir.queryapi.http.ApiSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A real API server with first signals on a real database; its queries have no workers. */
final class TestingSignalApi implements AutoCloseable {
    private final HttpClient client = HttpClient.newHttpClient();
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final AuthService auth;
    private final SignalService signals;
    private final ApiServer server;

    TestingSignalApi(TestingDatabase database, SignalSettings settings) {
        auth = AuthService.start(AuthSettings.DEFAULT, Map.of(), registry);
        signals = SignalService.start(settings, database.settings(), database.dataSource(), auth.tenants(), registry);
        server = ApiServer.start(
                ApiSettings.of("127.0.0.1", 0),
                new PostgresCatalog(database.dataSource()),
                new NoWorkers(),
                registry,
                ApiServer.Surroundings.DEFAULT.withRoutes(List.of(signals.routes())));
    }

    int port() {
        return server.port();
    }

    SnapshotStore store() {
        return signals.store();
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port() + path);
    }

    HttpResponse<String> get(String path, String tenant, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(30));
        if (!tenant.isEmpty()) {
            request.header("X-Tenant-Id", tenant);
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    TestingEventStream stream(String path, String tenant, String... headers) throws IOException {
        return TestingEventStream.open(port(), path, tenant, headers);
    }

    /** The value of a metric by its line's beginning; NaN if there is no such line. */
    double metric(String name) {
        return registry.scrape()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElse(Double.NaN);
    }

    /** Stops the server, as a process does. */
    void stopServer() {
        server.close();
    }

    @Override
    public void close() throws Exception {
        server.close();
        signals.close();
        auth.close();
        client.close();
    }
}
