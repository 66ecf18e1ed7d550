package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.weir.promql.ast.Expr;
import io.weir.promql.parser.PromqlParser;
import io.weir.proto.remote.v1.WriteRequest;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The metrics that documents, rules and dashboard name, held against {@code /metrics} of an API, a worker, an ingester and a collector that run. With
 * {@code -Dweir.docs.write=true} the reference {@code docs/metrics.md} is written anew.
 */
@Tag("slow")
final class LiveMetricsTest {
    private static final Path ROOT = Path.of(System.getProperty("weir.root"));
    private static final Path REFERENCE = ROOT.resolve("docs/metrics.md");

    /** What DESIGN section 11 and the specification's observability section ask for, with its type and who has it. */
    private static final String REQUIRED = """
        api weir_control_streams_active gauge
        api weir_control_heartbeat_rtt_seconds histogram
        api weir_control_disconnects_total counter
        api weir_control_reconnect_seconds histogram
        api weir_work_assignment_seconds histogram
        api weir_work_accepted_total counter
        api weir_work_rejected_total counter
        api weir_work_reassigned_total counter
        api weir_work_affinity_hit_ratio gauge
        api weir_api_queue_depth gauge
        api weir_api_queue_oldest_seconds gauge
        worker weir_worker_queue_depth gauge
        worker weir_task_seconds histogram
        worker weir_download_seconds histogram
        api weir_query_seconds histogram
        worker weir_cancel_seconds histogram
        api weir_artifact_ready_to_fetch_seconds histogram
        api weir_artifact_fetch_seconds histogram
        api weir_artifact_checksum_mismatch_total counter
        worker weir_artifact_ttl_cleanup_total counter
        worker weir_artifact_spool_bytes gauge
        worker weir_segment_cache_bytes gauge
        worker weir_disk_free_bytes gauge
        api weir_time_to_first_result_seconds histogram
        api weir_query_errors_total counter
        api ttfs_latency_seconds histogram
        api ttfs_signal_total counter
        api ttfs_cache_hit_total counter
        api ttfs_error_total counter
        api ttfs_slo_breach_total counter
        api asapquery_precompute_job_duration_seconds histogram
        api asapquery_precompute_cache_hits_total counter
        api asapquery_precompute_cache_misses_total counter
        api asapquery_precompute_sketch_pull_errors_total counter
        """;

    /** A metric as a process shows it; {@code series} are the names of its samples. */
    private record Family(String type, String help, Set<String> labels, Set<String> series) {}

    @TempDir
    private static Path folder;

    private static TestingCluster cluster;
    private static TestingCluster.Node api;
    private static TestingCluster.Node worker;
    private static TestingCluster.Node ingest;

    /** By process, then by name. */
    private static final Map<String, Map<String, Family>> START = new TreeMap<>();

    private static final Map<String, Map<String, Family>> LATER = new TreeMap<>();

    /** Of an API: come and go with the job of their labels. */
    private static final Set<String> OF_A_JOB =
            Set.of("weir_precompute_job_runs_total", "weir_precompute_job_result_age_seconds");

    @BeforeAll
    static void start() throws Exception {
        cluster = TestingCluster.withLocalLake(folder);
        ingest = cluster.ingest("ingest", io.weir.cli.process.Ports.free());
        worker = cluster.worker("worker");
        // What an API has only where it takes pushed sketches is of the reference, too.
        api = cluster.api(
                "api",
                1,
                "--precompute-receiver-enabled",
                "--precompute-receiver-grpc-port",
                "0",
                "--precompute-receiver-http-port",
                "0");
        TestingCluster.Node collector = cluster.collector("collector", io.weir.cli.process.Ports.free());
        Map<String, TestingCluster.Node> nodes =
                Map.of("api", api, "worker", worker, "ingest", ingest, "collector", collector);
        for (Map.Entry<String, TestingCluster.Node> node : nodes.entrySet()) {
            START.put(node.getKey(), families(node.getValue()));
        }
        long now = System.currentTimeMillis();
        TestingClient writer = new TestingClient(ingest.base(), "t");
        assertThat(writer.write(WriteRequest.newBuilder()
                                .addTimeseries(
                                        TestingClient.series("up", "job", "x").addSamples(TestingClient.sample(now, 1)))
                                .build())
                        .statusCode())
                .isEqualTo(204);
        writer.flush();
        TestingClient reader = new TestingClient(api.base(), "t");
        assertThat(reader.json(reader.instantPath("sum(up)", now / 1_000.0)).at("/data/result"))
                .hasSize(1);
        assertThat(reader.get("/api/v1/query?query=sum(").statusCode()).isEqualTo(400);
        addJob(reader);
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(families(api).keySet()).containsAll(OF_A_JOB));
        for (Map.Entry<String, TestingCluster.Node> node : nodes.entrySet()) {
            LATER.put(node.getKey(), families(node.getValue()));
        }
    }

    /** A job whose source is not there: no worker does anything for it. */
    private static void addJob(TestingClient client) throws IOException, InterruptedException {
        HttpResponse<String> added = client.post("/api/v1/precompute/jobs", "application/json", """
            {"query": "quantile_over_time(0.99, latency[1h])", "granularity": "1h", "source": "127.0.0.1:4317",
             "sketch_type": "ddsketch", "store_path": "precomputed/latency/p99"}\
            """);
        assertThat(added.statusCode()).as(added.body()).isEqualTo(200);
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.close();
    }

    private static String scrape(TestingCluster.Node node) throws IOException, InterruptedException {
        return new TestingClient(node.base(), "t").get("/metrics").body();
    }

    /** The samples of our metrics, but of histograms only what lies below each bound of all. */
    private static List<String> numbers(TestingCluster.Node node) throws IOException, InterruptedException {
        return scrape(node)
                .lines()
                .filter(line ->
                        line.startsWith("weir_") && (!line.contains("_bucket{") || line.contains("le=\"+Inf\"")))
                .toList();
    }

    private static Map<String, Family> families(TestingCluster.Node node) throws IOException, InterruptedException {
        Map<String, Family> families = new TreeMap<>();
        Map<String, String> help = new TreeMap<>();
        Family family = null;
        Pattern label = Pattern.compile("([a-zA-Z_]\\w*)=\"");
        for (String line : scrape(node).split("\n", -1)) {
            String[] words = line.split(" ", 4);
            if (line.startsWith("# HELP ")) {
                help.put(words[2], words.length > 3 ? words[3] : "");
            } else if (line.startsWith("# TYPE ")) {
                family = new Family(
                        words[3], Objects.requireNonNullElse(help.get(words[2]), ""), new TreeSet<>(), new TreeSet<>());
                families.put(words[2], family);
            } else if (!line.isEmpty()) {
                Family current = Objects.requireNonNull(family);
                current.series().add(line.replaceFirst("[{ ].*", ""));
                Matcher matcher = label.matcher(line);
                while (matcher.find()) {
                    if (!matcher.group(1).equals("le")) {
                        current.labels().add(matcher.group(1));
                    }
                }
            }
        }
        assertThat(families).hasSizeGreaterThan(20);
        return families;
    }

    private static Map<String, Family> of(Map<String, Map<String, Family>> scrapes, String process) {
        return Objects.requireNonNull(scrapes.get(process), process);
    }

    /** Some have the names that others know: StellaOps' dashboards and alerts, and ASAPQuery's controller. */
    private static boolean isOurs(String name) {
        return name.startsWith("weir_") || name.startsWith("ttfs_") || name.startsWith("asapquery_");
    }

    /** Micrometer shows the greatest value of a time or size of the last minutes as a metric of its own. */
    private static boolean isMaximum(String name, Map<String, Family> families) {
        return name.endsWith("_max") && families.containsKey(name.substring(0, name.length() - 4));
    }

    @Test
    void whatIsRequiredIsThereFromTheStartWithItsTypeAndItsMeaning() {
        int checked = 0;
        for (String line : REQUIRED.strip().split("\n", -1)) {
            String[] words = line.split(" ", -1);
            Family family = Objects.requireNonNull(of(START, words[0]).get(words[1]), line);
            assertThat(family.type()).as(line).isEqualTo(words[2]);
            if (words[2].equals("histogram")) {
                assertThat(family.series())
                        .as(line)
                        .contains(words[1] + "_bucket", words[1] + "_count", words[1] + "_sum");
            }
            checked++;
        }
        assertThat(checked).isEqualTo(34);
        assertThat(Objects.requireNonNull(of(START, "api").get("weir_query_errors_total"))
                        .labels())
                .containsExactly("reason");
    }

    @Test
    void everyMetricOfOursIsThereFromTheStartDescribedAndAHistogramIfItIsATime() {
        for (Map.Entry<String, Map<String, Family>> process : LATER.entrySet()) {
            Map<String, Family> atStart = of(START, process.getKey());
            for (Map.Entry<String, Family> entry : process.getValue().entrySet()) {
                String name = entry.getKey();
                if (!isOurs(name)) {
                    continue;
                }
                String which = process.getKey() + " " + name;
                if (!OF_A_JOB.contains(name)) {
                    assertThat(atStart).as(which).containsKey(name);
                }
                assertThat(entry.getValue().help()).as(which).isNotBlank();
                assertThat(name).as(which).matches("(weir|ttfs|asapquery)_[a-z0-9]+(_[a-z0-9]+)*");
                if (name.endsWith("_seconds") && !entry.getValue().type().equals("gauge")) {
                    assertThat(entry.getValue().type()).as(which).isEqualTo("histogram");
                }
                if (entry.getValue().type().equals("counter")) {
                    assertThat(name).as(which).endsWith("_total");
                }
            }
        }
    }

    @Test
    void theReferenceIsThatOfTheLiveProcesses() throws IOException {
        String text = reference();
        if (Boolean.getBoolean("weir.docs.write")) {
            Files.writeString(REFERENCE, text);
        }
        assertThat(Files.readString(REFERENCE))
                .as("docs/metrics.md; run this test with -Dweir.docs.write=true")
                .isEqualTo(text);
    }

    private static String reference() {
        StringBuilder text = new StringBuilder("""
            # Metrics

            Generated from `/metrics` of running processes by `LiveMetricsTest`; do not edit. All are there from the start, but `weir_precompute_job_...`, which come
            and go with their job, and `weir_precompute_pushed_...`, which an API with `--precompute-receiver-enabled` has. Every histogram `NAME` has
            `NAME_bucket`, `NAME_count`, `NAME_sum` and the greatest value of the last minutes, `NAME_max`. Metrics of the Java process are Micrometer's
            (`jvm_...`, `process_...`, `system_...`). A label for queries or pieces of work would have no bound: `query_id` and `work_id` are on log lines
            and spans.

            | metric | type | labels | of | meaning |
            |---|---|---|---|---|
            """);
        Map<String, Set<String>> processes = new TreeMap<>();
        Map<String, Family> all = new TreeMap<>();
        LATER.forEach((process, families) -> families.forEach((name, family) -> {
            if (isOurs(name) && !isMaximum(name, families)) {
                processes.computeIfAbsent(name, key -> new TreeSet<>()).add(process);
                all.put(name, family);
            }
        }));
        all.forEach((name, family) -> text.append("| `")
                .append(name)
                .append("` | ")
                .append(family.type())
                .append(" | ")
                .append(String.join(", ", family.labels()))
                .append(" | ")
                .append(String.join(", ", Objects.requireNonNull(processes.get(name))))
                .append(" | ")
                .append(family.help())
                .append(" |\n"));
        return text.toString();
    }

    @Test
    void everyMetricOfAnAlertOrAPanelIsLive() throws IOException {
        Set<String> live = new TreeSet<>();
        START.values().forEach(families -> families.values().forEach(family -> live.addAll(family.series())));
        Map<String, String> expressions = new TreeMap<>();
        Set<String> recorded = new TreeSet<>();
        ObjectMapper yaml = new ObjectMapper(new YAMLFactory());
        for (JsonNode group : yaml.readTree(
                        ROOT.resolve("deploy/prometheus/weir-rules.yaml").toFile())
                .path("groups")) {
            for (JsonNode rule : group.path("rules")) {
                if (rule.has("record")) {
                    recorded.add(rule.path("record").asText());
                }
                expressions.put(
                        rule.path("alert").asText() + rule.path("record").asText(),
                        rule.path("expr").asText());
            }
        }
        JsonNode dashboard = yaml.readTree(
                ROOT.resolve("deploy/grafana/dashboards/weir.json").toFile());
        for (JsonNode panel : dashboard.path("panels")) {
            for (JsonNode target : panel.path("targets")) {
                expressions.put(
                        "panel " + panel.path("title").asText() + " "
                                + target.path("refId").asText(),
                        target.path("expr").asText().replace("$__rate_interval", "1m"));
            }
        }
        assertThat(expressions).hasSizeGreaterThan(100);
        live.addAll(recorded);
        // A scrape's own.
        live.add("up");
        for (Map.Entry<String, String> expression : expressions.entrySet()) {
            List<Expr.VectorSelector> selectors = new ArrayList<>();
            collect(PromqlParser.parse(expression.getValue(), Set.of()), selectors);
            assertThat(selectors).as(expression.getKey()).isNotEmpty();
            for (Expr.VectorSelector selector : selectors) {
                assertThat(live).as(expression.getKey()).contains(selector.name());
            }
        }
    }

    private static void collect(Expr expression, List<Expr.VectorSelector> selectors) {
        if (expression instanceof Expr.VectorSelector selector) {
            selectors.add(selector);
        }
        expression.children().forEach(child -> collect(child, selectors));
    }

    /** One write, one query that is answered and one that cannot be read. */
    @Test
    void theNumbersAreThoseOfWhatHappened() throws Exception {
        await().untilAsserted(() -> assertThat(numbers(api))
                .contains(
                        "weir_control_streams_active 1.0",
                        "weir_control_version_mismatch_total 0.0",
                        "weir_work_assignment_seconds_count 1",
                        "weir_work_accepted_total 1.0",
                        "weir_work_rejected_total 0.0",
                        "weir_work_reassigned_total 0.0",
                        "weir_work_affinity_hits_total 1.0",
                        "weir_work_affinity_hit_ratio 1.0",
                        "weir_api_queue_depth 0.0",
                        "weir_api_queue_oldest_seconds 0.0",
                        "weir_api_workers_accepting 1.0",
                        "weir_api_workers_desired 1.0",
                        "weir_artifact_ready_to_fetch_seconds_count 1",
                        "weir_artifact_fetch_seconds_count 1",
                        "weir_artifact_checksum_mismatch_total 0.0",
                        "weir_query_seconds_count{kind=\"instant\",outcome=\"success\"} 1",
                        "weir_query_seconds_bucket{kind=\"instant\",outcome=\"success\",le=\"+Inf\"} 1",
                        "weir_time_to_first_result_seconds_count 1",
                        "weir_query_samples_total 1.0",
                        "weir_query_errors_total{reason=\"bad_data\"} 1.0",
                        "weir_query_errors_total{reason=\"timeout\"} 0.0")
                .anyMatch(line -> line.matches("weir_control_heartbeat_rtt_seconds_count [1-9]\\d*")));
        await().untilAsserted(() -> assertThat(numbers(worker))
                .contains(
                        "weir_task_seconds_count 1",
                        "weir_task_samples_total 1.0",
                        "weir_worker_accepted_total 1.0",
                        "weir_worker_queue_depth 0.0",
                        "weir_worker_accepting_work 1.0",
                        "weir_worker_control_streams_active 1.0",
                        "weir_artifact_send_seconds_count 1",
                        "weir_cancel_seconds_count 0",
                        "weir_artifact_ttl_cleanup_total{kind=\"acknowledged\"} 0.0")
                .anyMatch(line -> line.matches("weir_disk_free_bytes [1-9].*")));
        assertThat(numbers(ingest))
                .contains(
                        "weir_ingest_samples_total 1.0",
                        "weir_ingest_lag_seconds 0.0",
                        "weir_ingest_rejected_requests_total{reason=\"overloaded\"} 0.0")
                .anyMatch(line -> line.matches("weir_ingest_flush_seconds_count\\{outcome=\"success\"} [1-9]\\d*"));
    }

    @Test
    void theBoundsThatObjectivesUseAreBucketsOfTheHistograms() throws Exception {
        String text = scrape(api);
        assertThat(text).containsPattern("weir_query_seconds_bucket\\{.*outcome=\"success\",le=\"2.5\"\\}");
    }

    @Test
    void theQueueIsToldByALiveApi() throws Exception {
        String body =
                new TestingClient(api.base(), "t").get("/api/v1/monitor/queue").body();
        JsonNode queue = new ObjectMapper().readTree(body);
        assertThat(queue.path("workers").asInt()).isEqualTo(1);
        assertThat(queue.path("capacity").asInt()).isPositive();
        assertThat(queue.path("queueDepth").asInt()).isZero();
        assertThat(queue.path("desiredWorkers").asInt()).isEqualTo(1);
    }
}
