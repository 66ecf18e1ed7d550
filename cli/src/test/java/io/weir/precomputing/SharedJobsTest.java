package io.weir.precomputing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.cli.process.EmbeddedDatabase;
import io.weir.cli.process.Ports;
import io.weir.cluster.TestingProcess;
import io.weir.cluster.TestingProxy;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs of two API processes over one database: one runs each job, both answer from its results; processes are killed, and the database is taken
 * away. Checklist D1, rows 20, 42 and 44. There is no worker, so whatever is answered was computed before.
 */
@Tag("slow")
@Timeout(300)
final class SharedJobsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String JOBS = "/api/v1/precompute/jobs";
    private static final long GRANULARITY_MILLIS = 2_000;
    private static final Duration LEASE = Duration.ofSeconds(4);

    @TempDir
    private Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<TestingProcess> running = new ArrayList<>();
    private EmbeddedDatabase database;
    private TestingProxy proxy;
    private TestingSketchSource source;
    private int started;

    /** An API that runs. */
    private record Api(TestingProcess process, URI base) {}

    @BeforeEach
    void start() throws Exception {
        database = EmbeddedDatabase.start(folder.resolve("postgres"));
        proxy = new TestingProxy(
                URI.create(database.jdbcUrl().substring("jdbc:".length())).getPort());
        source = new TestingSketchSource();
    }

    @AfterEach
    void stop() throws Exception {
        running.forEach(TestingProcess::close);
        client.close();
        source.close();
        proxy.close();
        database.close();
    }

    private Api api() throws IOException, InterruptedException {
        URI base = URI.create("http://127.0.0.1:" + Ports.free());
        String name = "api-" + started++;
        URI direct = URI.create(database.jdbcUrl().substring("jdbc:".length()));
        TestingProcess process = TestingProcess.weir(
                name,
                folder.resolve("logs"),
                "api",
                "--http-port",
                "" + base.getPort(),
                "--data-dir",
                folder.resolve(name).toString(),
                "--db-url",
                database.jdbcUrl().replace(":" + direct.getPort(), ":" + proxy.port()),
                "--workers",
                "static:127.0.0.1:" + Ports.free());
        running.add(process);
        process.awaitReady(base.resolve("/livez"));
        return new Api(process, base);
    }

    private HttpResponse<String> send(Api api, String method, String path, String body)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(api.base().resolve(path))
                .timeout(Duration.ofSeconds(30))
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> create(Api api, String metric) throws IOException, InterruptedException {
        return send(
                api,
                "POST",
                JOBS,
                JSON.createObjectNode()
                        .put("query", query(metric))
                        .put("granularity", "2s")
                        .put("source", source.address())
                        .put("sketch_type", "ddsketch")
                        .put("store_path", "precomputed/" + metric + "/p99")
                        .toString());
    }

    private static String query(String metric) {
        return "quantile_over_time(0.99, " + metric + "[10s])";
    }

    /** Of the list. */
    private Map<String, JsonNode> jobs(Api api) throws IOException, InterruptedException {
        Map<String, JsonNode> found = new HashMap<>();
        JsonNode list = JSON.readTree(send(api, "GET", JOBS, "").body()).get("jobs");
        StreamSupport.stream(list.spliterator(), false)
                .forEach(job -> found.put(job.get("job_id").textValue(), job));
        return found;
    }

    private String owner(Api api, String jobId) throws IOException, InterruptedException {
        return Objects.requireNonNull(jobs(api).get(jobId)).get("owner").asText("");
    }

    private boolean isHit(Api api, String metric) throws IOException, InterruptedException {
        String path = "/api/v1/query?query=" + URLEncoder.encode(query(metric), StandardCharsets.UTF_8);
        HttpResponse<String> answer = send(api, "GET", path, "");
        if (answer.statusCode() != 200
                || !answer.headers().firstValue("X-Query-Source").orElse("").equals("precompute")) {
            return false;
        }
        JsonNode result = JSON.readTree(answer.body()).at("/data/result");
        assertThat(result).hasSize(1);
        assertThat(result.at("/0/metric/service").textValue()).isEqualTo("web");
        assertThat(Double.parseDouble(result.at("/0/value/1").textValue())).isBetween(980.0, 1000.0);
        return true;
    }

    private static boolean isJson(HttpResponse<String> response) {
        return response.headers().firstValue("Content-Type").orElse("").startsWith("application/json");
    }

    private void awaitHit(Api api, String metric) {
        await().atMost(Duration.ofSeconds(30)).until(() -> isHit(api, metric));
    }

    /** Row 42. */
    @Test
    void twoProcessesShareAJob() throws Exception {
        Api first = api();
        Api second = api();
        HttpResponse<String> created = create(first, "latency");
        assertThat(created.statusCode()).as(created.body()).isEqualTo(200);
        String jobId = JSON.readTree(created.body()).get("job_id").textValue();
        assertThat(jobs(second)).containsKey(jobId);
        awaitHit(first, "latency");
        awaitHit(second, "latency");
        int before = source.fetches("latency").size();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> source.fetches("latency").size() >= before + 5);
        assertThat(source.fetches("latency").stream().map(TestingSketchSource.Fetch::toMillis))
                .as("each tick is fetched once")
                .doesNotHaveDuplicates()
                .allMatch(tick -> tick % GRANULARITY_MILLIS == 0);
        String ownerBefore = owner(first, jobId);
        assertThat(ownerBefore).isNotEmpty();

        // The one that runs the job is killed; which it is its log does not say, but its metrics do.
        Api owner = owned(first) == 1 ? first : second;
        Api other = owner == first ? second : first;
        owner.process().kill();
        long killedNanos = System.nanoTime();
        await().atMost(LEASE.multipliedBy(2))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    String now = owner(other, jobId);
                    return !now.isEmpty() && !now.equals(ownerBefore);
                });
        long takenOverMillis = Duration.ofNanos(System.nanoTime() - killedNanos).toMillis();
        int afterwards = source.fetches("latency").size();
        await().atMost(Duration.ofSeconds(20))
                .until(() -> source.fetches("latency").size() >= afterwards + 3);
        assertThat(source.fetches("latency").stream().map(TestingSketchSource.Fetch::toMillis))
                .doesNotHaveDuplicates();
        awaitHit(other, "latency");
        assertThat(Objects.requireNonNull(jobs(other).get(jobId)).get("runs").longValue())
                .isGreaterThanOrEqualTo(before + 5L);
        System.out.println("taken over after " + takenOverMillis + " ms");

        // Deleted, wherever it runs: nothing is fetched any more.
        assertThat(send(other, "DELETE", JOBS + "/" + jobId, "").statusCode()).isEqualTo(204);
        int atTheEnd = source.fetches("latency").size();
        Thread.sleep(3 * GRANULARITY_MILLIS);
        assertThat(source.fetches("latency")).hasSize(atTheEnd);
    }

    private double owned(Api api) throws IOException, InterruptedException {
        return metric(api, "weir_precompute_registry_jobs_owned");
    }

    private double metric(Api api, String name) throws IOException, InterruptedException {
        return send(api, "GET", "/metrics", "")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElse(Double.NaN);
    }

    /** Row 20. */
    @Test
    void jobsSurviveTheDeathOfTheirOnlyProcess() throws Exception {
        Api api = api();
        for (String metric : List.of("a", "b", "c")) {
            assertThat(create(api, metric).statusCode()).isEqualTo(200);
        }
        Map<String, JsonNode> before = jobs(api);
        assertThat(before).hasSize(3);
        for (String metric : List.of("a", "b", "c")) {
            awaitHit(api, metric);
        }
        api.process().kill();
        Map<String, Integer> fetched = new HashMap<>();
        List.of("a", "b", "c")
                .forEach(metric -> fetched.put(metric, source.fetches(metric).size()));
        Api again = api();
        long readyNanos = System.nanoTime();
        Map<String, JsonNode> after = jobs(again);
        assertThat(after).containsOnlyKeys(before.keySet());
        after.forEach((jobId, job) -> {
            for (String field : List.of(
                    "query", "granularity", "source", "sketch_type", "store_path", "created_at", "valid_until")) {
                assertThat(job.get(field))
                        .as(field)
                        .isEqualTo(Objects.requireNonNull(before.get(jobId)).get(field));
            }
        });
        // The limit is the checklist's: granularity + 5 s.
        await().atMost(Duration.ofMillis(GRANULARITY_MILLIS + 5_000))
                .until(() -> fetched.entrySet().stream()
                        .allMatch(entry -> source.fetches(entry.getKey()).size() > entry.getValue()));
        System.out.println("all ticked "
                + Duration.ofNanos(System.nanoTime() - readyNanos).toMillis() + " ms after the new process was there");
        for (String metric : List.of("a", "b", "c")) {
            awaitHit(again, metric);
        }
    }

    /** Row 44. */
    @Test
    void ticksAndAnswersGoOnWithoutTheDatabase() throws Exception {
        Api api = api();
        String jobId =
                JSON.readTree(create(api, "latency").body()).get("job_id").textValue();
        awaitHit(api, "latency");
        proxy.stop();
        HttpResponse<String> refused = create(api, "other");
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
        assertThat(isJson(refused)).isTrue();
        assertThat(refused.headers().firstValue("Retry-After")).isPresent();
        int before = source.fetches("latency").size();
        // Longer than a lease.
        await().atMost(Duration.ofSeconds(40))
                .until(() -> source.fetches("latency").size() >= before + 4);
        assertThat(isHit(api, "latency")).isTrue();
        assertThat(jobs(api)).containsOnlyKeys(jobId);
        proxy.restart();
        await().atMost(Duration.ofSeconds(40)).until(() -> create(api, "other").statusCode() == 200);
        assertThat(jobs(api)).hasSize(2);
        awaitHit(api, "other");
        assertThat(source.fetches("latency").stream().map(TestingSketchSource.Fetch::toMillis))
                .doesNotHaveDuplicates();
        assertThat(send(api, "DELETE", JOBS + "/" + jobId, "").statusCode()).isEqualTo(204);
    }
}
