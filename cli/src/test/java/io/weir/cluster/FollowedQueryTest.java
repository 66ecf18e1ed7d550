package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.cluster.TestingCollector.Received;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A query is followed over real processes: by its trace, and in their logs by its id. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FollowedQueryTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int UNITS = 32;
    private static final String CLIENT_SPAN = "b7ad6b7169203331";
    /** Log lines that are about a piece of work, whoever writes them. */
    private static final Pattern ABOUT_WORK = Pattern.compile("attempt \\d|artifact |cancellation");

    private TestingCollector collector;
    private FaultCluster cluster;
    private String[] tracing = {};

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        collector = new TestingCollector();
        tracing = new String[] {"--tracing-endpoint", collector.endpoint(), "--tracing-export-interval-millis", "100"};
        cluster = FaultCluster.start(folder, 2, tracing);
        for (TestingWorker worker : cluster.workers) {
            worker.kill();
            worker.start(tracing);
        }
        cluster.awaitConnected(cluster.api());
    }

    @AfterAll
    void stop() throws Exception {
        cluster.close();
        collector.close();
    }

    @BeforeEach
    void heal() throws Exception {
        for (TestingWorker worker : cluster.workers) {
            if (!worker.isAlive()) {
                worker.start(tracing);
            }
        }
        cluster.heal();
    }

    private CompletableFuture<HttpResponse<String>> ask(String tenant, String queryId, String traceId) {
        TestingClient client = cluster.api().client(tenant);
        return java.net.http.HttpClient.newHttpClient()
                .sendAsync(
                        client.request(FaultCluster.path(client, FaultCluster.EXPRESSION))
                                .header("X-Query-Id", queryId)
                                .header("traceparent", "00-" + traceId + "-" + CLIENT_SPAN + "-01")
                                .build(),
                        BodyHandlers.ofString());
    }

    private static String newTraceId() {
        return UUID.randomUUID().toString().replace("-", "");
    }

    @Test
    void apiAndWorkerSpansAreOneTraceWithTheRightParents() throws Exception {
        String traceId = newTraceId();
        String queryId = UUID.randomUUID().toString();
        HttpResponse<String> response = ask(cluster.tenant(), queryId, traceId).get();
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Await.until(
                "all spans have come",
                LIMIT,
                () -> named(traceId, "GET /api/v1/query_range").size() == 1
                        && named(traceId, "send artifact").size() == UNITS
                        && named(traceId, "execute").size() == UNITS
                        && named(traceId, "work").size() == 2 * UNITS,
                () -> collector.trace(traceId).stream()
                        .collect(Collectors.groupingBy(
                                span -> span.service() + " " + span.name(), Collectors.counting()))
                        .toString());
        List<Received> spans = collector.trace(traceId);
        Map<String, Received> byId = spans.stream().collect(Collectors.toMap(Received::id, Function.identity()));
        Received request = named(traceId, "GET /api/v1/query_range").getFirst();
        assertThat(request.parent()).isEqualTo(CLIENT_SPAN);
        assertThat(spans)
                .allSatisfy(span -> assertThat(span == request || byId.containsKey(span.parent()))
                        .as(span.name() + " has a parent in the trace")
                        .isTrue());
        Set<String> works = new HashSet<>();
        for (Received work : named(traceId, "work")) {
            assertThat(work.attribute("query_id")).isEqualTo(queryId);
            Received parent = Objects.requireNonNull(byId.get(work.parent()));
            if (work.service().equals("weir-worker")) {
                assertThat(parent.service()).isEqualTo("weir-api");
                assertThat(parent.name()).isEqualTo("work");
                assertThat(parent.attribute("work_id")).isEqualTo(work.attribute("work_id"));
                assertThat(work.attribute("worker_id"))
                        .isEqualTo(parent.attribute("worker_id"))
                        .isNotEmpty();
                assertThat(work.attribute("attempt")).isEqualTo("1");
                works.add(work.attribute("work_id"));
            } else {
                assertThat(parent.name()).isEqualTo("query");
            }
        }
        assertThat(works).hasSize(UNITS);
        assertParents(traceId, byId, "send artifact", "weir-worker", "fetch", "weir-api");
        assertParents(traceId, byId, "fetch", "weir-api", "work", "weir-api");
        assertParents(traceId, byId, "queued", "weir-worker", "work", "weir-worker");
        assertParents(traceId, byId, "execute", "weir-worker", "work", "weir-worker");
        assertParents(traceId, byId, "scan and evaluate", "weir-worker", "execute", "weir-worker");
        assertParents(traceId, byId, "write artifact", "weir-worker", "execute", "weir-worker");
        assertParents(traceId, byId, "catalog lookup", "weir-api", "query", "weir-api");
        assertThat(named(traceId, "download")).isNotEmpty();
        System.out.println("spans of one query with " + UNITS + " pieces of work: " + spans.size());
    }

    private List<Received> named(String traceId, String name) {
        return collector.trace(traceId).stream()
                .filter(span -> span.name().equals(name))
                .toList();
    }

    private void assertParents(
            String traceId,
            Map<String, Received> byId,
            String name,
            String service,
            String parentName,
            String parentService) {
        assertThat(named(traceId, name)).as(name).isNotEmpty().allSatisfy(span -> {
            assertThat(span.service()).isEqualTo(service);
            Received parent = Objects.requireNonNull(byId.get(span.parent()));
            assertThat(parent.name()).isEqualTo(parentName);
            assertThat(parent.service()).isEqualTo(parentService);
        });
    }

    @Test
    void everyLineAboutWorkHasBothIdsAndAQueryIsFoundInEveryLog() throws Exception {
        List<TestingLog> logs = new ArrayList<>();
        logs.add(cluster.api().process().log());
        cluster.workers.forEach(worker -> logs.add(worker.process().log()));
        String traceId = newTraceId();
        String canceled = UUID.randomUUID().toString();
        String disturbed = UUID.randomUUID().toString();
        cancelWhileItRuns(canceled, traceId);
        killAWorkerOf(disturbed, newTraceId());

        int aboutWork = 0;
        for (TestingLog log : logs) {
            for (TestingLog.Line line : log.lines(ABOUT_WORK.pattern())) {
                aboutWork++;
                assertThat(line.text())
                        .contains("query_id=")
                        .contains("work_id=")
                        .contains("trace_id=");
            }
        }
        assertThat(aboutWork).isGreaterThan(6);
        for (TestingLog log : logs) {
            assertThat(log.lines("query_id=" + canceled + ".*trace_id=" + traceId))
                    .as("every process says something about the query")
                    .isNotEmpty();
        }
        TestingLog api = logs.getFirst();
        assertThat(api.await("query_id=" + canceled + ".*query ended: .*outcome=canceled.*cause=request", LIMIT)
                        .text())
                .contains("units=");
        assertThat(api.await("query_id=" + disturbed + ".*query ended: .*outcome=success", LIMIT)
                        .text())
                .contains("units=" + UNITS + "/" + UNITS);
        assertThat(api.lines("query_id=" + disturbed + ".*work_id=" + disturbed + ".*assigned again"))
                .isNotEmpty();
    }

    private void cancelWhileItRuns(String queryId, String traceId) throws Exception {
        cluster.workers.forEach(worker -> worker.store.hold());
        String tenant = cluster.tenant();
        CompletableFuture<HttpResponse<String>> answer = ask(tenant, queryId, traceId);
        for (TestingWorker worker : cluster.workers) {
            worker.awaitWork(1, 3);
        }
        TestingClient client = cluster.api().client(tenant);
        JsonNode listed = client.json("/api/v1/queries").path("data").path(0);
        assertThat(listed.path("queryId").asText()).isEqualTo(queryId);
        assertThat(listed.path("phase").asText()).isEqualTo("working");
        assertThat(listed.path("unitsTotal").asInt()).isEqualTo(UNITS);
        HttpResponse<String> deleted = java.net.http.HttpClient.newHttpClient()
                .send(client.request("/api/v1/queries/" + queryId).DELETE().build(), BodyHandlers.ofString());
        assertThat(deleted.statusCode()).isIn(200, 202);
        assertThat(answer.get().statusCode()).isEqualTo(499);
        for (TestingWorker worker : cluster.workers) {
            worker.awaitWork(0, 0);
        }
        heal();
    }

    private void killAWorkerOf(String queryId, String traceId) throws Exception {
        cluster.workers.forEach(worker -> worker.store.hold());
        CompletableFuture<HttpResponse<String>> answer = ask(cluster.tenant(), queryId, traceId);
        for (TestingWorker worker : cluster.workers) {
            worker.awaitWork(1, 3);
        }
        cluster.workers.getLast().kill();
        cluster.workers.forEach(worker -> worker.store.release());
        assertThat(answer.get().statusCode()).isEqualTo(200);
    }
}
