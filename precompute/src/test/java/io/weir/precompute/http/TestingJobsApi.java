package io.weir.precompute.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.lake.database.Databases;
import io.weir.precompute.TestingDatabase;
import io.weir.precompute.job.JobLimits;
import io.weir.precompute.job.JobRequests;
import io.weir.precompute.registry.JobRegistry;
import io.weir.precompute.registry.RegistrySettings;
import io.weir.precompute.result.ResultCache;
import io.weir.precompute.result.ResultSettings;
import io.weir.precompute.schedule.JobOwner;
import io.weir.precompute.source.SourceAddresses;
import io.weir.precompute.sources.SourcesSettings;
import io.weir.promql.parser.Feature;
import io.weir.queryapi.http.ApiServer;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.workmanager.WorkLoad;
import io.weir.queryapi.workmanager.WorkManager;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/** A real API server with the routes of jobs on a real database; its queries have no workers. */
final class TestingJobsApi implements AutoCloseable {
    static final String JOBS = "/api/v1/precompute/jobs";
    static final String RESULTS = "/api/v1/precompute/results/";

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ResultCache results = new ResultCache(ResultSettings.DEFAULT, System::currentTimeMillis);
    private final HikariDataSource catalog;
    private final JobRegistry registry;
    private final ApiServer server;

    TestingJobsApi(TestingDatabase database, JobLimits limits, RegistrySettings settings) {
        catalog = Databases.open(database.settings());
        JobRequests requests = new JobRequests(
                limits, Feature.NONE, new SourceAddresses(SourcesSettings.DEFAULT.allowedHosts())::parse);
        registry = JobRegistry.start(
                JobRegistry.Parts.of(settings, limits, database.settings(), requests, results), metrics);
        server = ApiServer.start(
                ApiSettings.of("127.0.0.1", 0),
                new PostgresCatalog(catalog),
                new NoWorkers(),
                metrics,
                ApiServer.Surroundings.DEFAULT.withRoutes(List.of(
                        new JobRoutes(limits, requests, registry, results, InstantSource.system()),
                        new ResultRoutes(results, job -> 0, InstantSource.system()))));
    }

    static TestingJobsApi start(TestingDatabase database) {
        return new TestingJobsApi(database, JobLimits.DEFAULT, RegistrySettings.DEFAULT);
    }

    void begin(JobOwner owner) {
        registry.begin(owner);
    }

    JobRegistry registry() {
        return registry;
    }

    ResultCache results() {
        return results;
    }

    private HttpRequest.Builder request(String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(Duration.ofSeconds(30));
        return headers.length == 0 ? request : request.headers(headers);
    }

    HttpResponse<String> send(String method, String path, String body, String... headers)
            throws IOException, InterruptedException {
        return client.send(
                request(path, headers)
                        .method(method, BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path, String... headers) throws IOException, InterruptedException {
        return client.send(request(path, headers).GET().build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> delete(String jobId, String... headers) throws IOException, InterruptedException {
        return client.send(request(JOBS + "/" + jobId, headers).DELETE().build(), HttpResponse.BodyHandlers.ofString());
    }

    /** Over a connection of its own: the server closes that of a request whose path it cannot read. */
    HttpResponse<String> deleteUnreadable(String jobId) throws IOException, InterruptedException {
        try (HttpClient own = HttpClient.newHttpClient()) {
            return own.send(request(JOBS + "/" + jobId).DELETE().build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    HttpResponse<String> post(JsonNode body) throws IOException, InterruptedException {
        return post(body.toString());
    }

    HttpResponse<String> post(String body) throws IOException, InterruptedException {
        return send("POST", JOBS, body, "Content-Type", "application/json");
    }

    /** The jobs of the list. */
    JsonNode jobs() throws IOException, InterruptedException {
        return json(get(JOBS)).get("jobs");
    }

    static JsonNode json(HttpResponse<String> response) throws JsonProcessingException {
        return MAPPER.readTree(response.body());
    }

    /** The value of a metric by its line's beginning; NaN if there is no such line. */
    double metric(String name) {
        return metrics.scrape()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElse(Double.NaN);
    }

    @Override
    public void close() throws Exception {
        server.close();
        registry.close();
        catalog.close();
        client.close();
    }

    private static final class NoWorkers implements WorkManager {
        @Override
        public QueryWork submit(Submission submission, Listener listener) {
            throw new UnsupportedOperationException("these tests run no queries");
        }

        @Override
        public WorkLoad load() {
            return new WorkLoad(0, 0, 0, 0, 0, 0, 0, 0);
        }

        @Override
        public boolean isFailed() {
            return false;
        }

        @Override
        public boolean mayHaveNoWorkers() {
            return true;
        }

        @Override
        public List<WorkerView> workers() {
            return List.of();
        }

        @Override
        public Optional<String> placement(String affinityKey) {
            return Optional.empty();
        }
    }
}
