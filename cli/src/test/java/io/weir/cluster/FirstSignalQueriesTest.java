package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.eventstats.signal.TenantIds;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** First signals of real queries, between real processes: phase by phase, when they fail, when they are canceled, and with a database that hangs. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FirstSignalQueriesTest {
    private static final TestingLoad LOAD = new TestingLoad(20, 480, 15_000, false);
    /** Takes minutes. */
    private static final String HEAVY =
            "sum(stddev_over_time(stddev_over_time(cpu_seconds_total[10m:20ms])[10m:20ms]))";

    private static final Duration LIMIT = Duration.ofSeconds(40);

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private TestingFleet fleet;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        fleet = TestingFleet.withLocalLake(folder);
        fleet.load(LOAD);
    }

    @AfterAll
    void stop() {
        fleet.close();
    }

    private static String id() {
        return UUID.randomUUID().toString();
    }

    private static String path(TestingFleet.Api api, String expression) {
        return api.client().rangePath(expression, LOAD.startSeconds() + 600, LOAD.endSeconds(), 30);
    }

    private CompletableFuture<HttpResponse<String>> ask(TestingFleet.Api api, String id, String expression) {
        HttpRequest request = api.client()
                .request(path(api, expression))
                .header("X-Query-Id", id)
                .build();
        return http.sendAsync(request, BodyHandlers.ofString());
    }

    private int cancel(TestingFleet.Api api, String id) throws Exception {
        return http.send(api.client().request("/api/v1/queries/" + id).DELETE().build(), BodyHandlers.ofString())
                .statusCode();
    }

    /** Asks for a stream whose frames are large, and does not read it. */
    private static Socket askForStream(TestingFleet.Api api, String id) throws IOException {
        String body = "{\"s\":" + TestingLoad.START_MILLIS + ",\"e\":" + (long) (LOAD.endSeconds() * 1_000)
                + ",\"step\":\"15s\",\"q\":\"label_replace(cpu_seconds_total, 'x', '" + "y".repeat(2_000)
                + "', '', '')\"}";
        Socket socket = new Socket("127.0.0.1", api.base().getPort());
        socket.getOutputStream()
                .write(("POST /api/v1/metrics/query HTTP/1.1\r\nHost: localhost\r\nX-Query-Id: " + id
                                + "\r\nX-Scope-OrgID: acme\r\nConnection: close\r\nContent-Type: application/json\r\n"
                                + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private List<String> query(String sql) throws SQLException {
        try (Connection connection =
                        DriverManager.getConnection(fleet.database().jdbcUrl());
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> found = new ArrayList<>();
            while (rows.next()) {
                found.add(rows.getString(1));
            }
            return found;
        }
    }

    /** D3 15: queued, started, its phases, succeeded; each is seen by the look-up and in the stream. */
    @Test
    void aQueryIsSeenAsItRuns() throws Exception {
        TestingFleet.Worker worker = fleet.worker("seen-worker");
        TestingFleet.Api api = fleet.api(
                "seen-api",
                List.of(worker.grpcPort()),
                "--query-concurrent-max",
                "1",
                "--query-concurrent-per-tenant-max",
                "1",
                "--history-batch-millis",
                "10");
        TestingSignals signals = new TestingSignals(api.client());
        String holder = id();
        CompletableFuture<HttpResponse<String>> held = ask(api, holder, HEAVY);
        signals.await(holder, "phase/fetch");
        String id = id();
        try (Socket socket = askForStream(api, id);
                Connection connection =
                        DriverManager.getConnection(fleet.database().jdbcUrl());
                Statement statement = connection.createStatement()) {
            JsonNode queued = signals.await(id, "queued/resolve");
            Await.until(
                    "its place is known",
                    LIMIT,
                    () -> signals.signal(id)
                                    .path("diagnostics")
                                    .path("queue_position")
                                    .asInt()
                            == 1);
            assertThat(queued.path("nextActions")).isEmpty();
            CompletableFuture<List<String>> stream = signals.stream(id);
            // The catalog does not answer now.
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE weir.segment IN ACCESS EXCLUSIVE MODE");
            assertThat(cancel(api, holder)).isEqualTo(200);
            assertThat(held.get(40, TimeUnit.SECONDS).statusCode()).isEqualTo(499);
            signals.await(id, "started/resolve");
            worker.process().signal("STOP");
            connection.rollback();
            JsonNode fetching = signals.await(id, "phase/fetch");
            worker.process().signal("CONT");
            assertThat(fetching.path("diagnostics").path("units_total").asInt()).isPositive();
            // Nobody reads yet.
            signals.await(id, "phase/report");
            byte[] all = socket.getInputStream().readAllBytes();
            assertThat(new String(all, StandardCharsets.US_ASCII)).contains("\"type\":\"done\"");
            JsonNode end = signals.await(id, "succeeded/report");
            assertThat(end.path("diagnostics").path("ttfs_ms").asInt()).isPositive();
            List<String> seen = stream.get(40, TimeUnit.SECONDS);
            assertThat(seen.getFirst()).isEqualTo("queued/resolve");
            assertThat(seen)
                    .containsSubsequence(
                            "queued/resolve", "started/resolve", "phase/fetch", "phase/report", "succeeded/report");
            assertThat(seen.getLast()).isEqualTo("succeeded/report");
        }
        Await.until(
                "its history is written",
                LIMIT,
                () -> query("SELECT status || ' ' || kind FROM public.promql_query_runs WHERE query_id = '" + id + "'")
                        .equals(List.of("succeeded stream")));
        assertThat(query("SELECT event_type FROM scheduler.ttfs_events WHERE job_id = '" + id + "' ORDER BY id"))
                .containsExactly("signal.rendered");
    }

    /** D3 24. */
    @Test
    void aCanceledQueryIsSeenWithinASecond() throws Exception {
        TestingFleet.Worker worker = fleet.worker("cancel-worker");
        TestingFleet.Api api = fleet.api("cancel-api", List.of(worker.grpcPort()));
        TestingSignals signals = new TestingSignals(api.client());
        String id = id();
        CompletableFuture<HttpResponse<String>> asked = ask(api, id, HEAVY);
        signals.await(id, "phase/fetch");
        long start = System.nanoTime();
        assertThat(cancel(api, id)).isEqualTo(200);
        signals.await(id, "canceled/fetch");
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        System.out.println("canceled seen after " + millis + " ms");
        assertThat(millis).isLessThanOrEqualTo(1_000);
        assertThat(asked.get(40, TimeUnit.SECONDS).statusCode()).isEqualTo(499);

        String gone = id();
        Socket socket = new Socket("127.0.0.1", api.base().getPort());
        socket.getOutputStream()
                .write(("GET " + path(api, HEAVY)
                                + " HTTP/1.1\r\nHost: localhost\r\nX-Scope-OrgID: acme\r\nX-Query-Id: " + gone
                                + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        signals.await(gone, "phase/fetch");
        start = System.nanoTime();
        socket.close();
        JsonNode end = signals.await(gone, "canceled/fetch");
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isLessThanOrEqualTo(1_000);
        assertThat(end.path("summary").asText()).contains("closed the connection");
    }

    /** D3 21: bad data and a limit; a signature of the failure shows what is known about it. */
    @Test
    void aFailureShowsWhatToDo() throws Exception {
        TestingFleet.Worker worker = fleet.worker("fail-worker");
        TestingFleet.Api api = fleet.api("fail-api", List.of(worker.grpcPort()), "--query-samples-max", "1000");
        TestingSignals signals = new TestingSignals(api.client());
        String bad = id();
        assertThat(ask(api, bad, "sum(").get(40, TimeUnit.SECONDS).statusCode()).isEqualTo(400);
        JsonNode wrong = signals.await(bad, "failed/resolve");
        assertThat(wrong.path("summary").asText()).contains("parse error");
        assertThat(wrong.path("nextActions")).isNotEmpty();
        String limited = id();
        assertThat(ask(api, limited, "sum(cpu_seconds_total)")
                        .get(40, TimeUnit.SECONDS)
                        .statusCode())
                .isEqualTo(422);
        JsonNode over = signals.await(limited, "failed/policy");
        assertThat(over.path("nextActions").path(0).path("href").asText()).endsWith("#query-samples-max");
        assertThat(over.path("diagnostics").path("signal_source").isMissingNode())
                .isTrue();
        try (Connection connection =
                        DriverManager.getConnection(fleet.database().jdbcUrl());
                Statement statement = connection.createStatement()) {
            statement.execute("INSERT INTO scheduler.failure_signatures (tenant_id, signature_hash, pattern, outcome)"
                    + " VALUES ('" + TenantIds.of("acme")
                    + "', 'wide', '{\"phase\":\"policy\",\"error_code\":\"limit\","
                    + "\"image_pattern\":\"cpu_seconds_total/acme\"}', '{\"likely_cause\":\"all hosts at once\","
                    + "\"suggested_action\":\"Ask for one host\",\"remediation_url\":\"/docs/hosts\"}')");
        }
        String known = id();
        ask(api, known, "sum(cpu_seconds_total)").get(40, TimeUnit.SECONDS);
        JsonNode predicted = signals.await(known, "failed/policy");
        assertThat(predicted.path("diagnostics").path("signal_source").asText()).isEqualTo("failure_index");
        assertThat(predicted.path("lastKnownOutcome").path("likely_cause").asText())
                .isEqualTo("all hosts at once");
        assertThat(predicted.path("lastKnownOutcome").path("status").asText()).isEqualTo("failed");
        assertThat(predicted.path("nextActions").path(0).path("label").asText()).isEqualTo("Ask for one host");
        Await.until(
                "its event is written",
                LIMIT,
                () -> query("SELECT signal_source FROM scheduler.ttfs_events WHERE event_type = 'signal.error' AND"
                                + " job_id = '"
                                + known + "'")
                        .equals(List.of("failure_index")));
    }

    /** D3 21: the worker of a query is lost, then there is none at all. */
    @Test
    void aQueryWithoutItsWorkersFails() throws Exception {
        TestingFleet.Worker worker = fleet.worker("lost-worker");
        TestingFleet.Api api = fleet.api(
                "lost-api",
                List.of(worker.grpcPort()),
                "--scheduling-no-workers-wait-millis",
                "2000",
                "--scheduling-no-workers-grace-millis",
                "1");
        TestingSignals signals = new TestingSignals(api.client());
        String id = id();
        CompletableFuture<HttpResponse<String>> asked = ask(api, id, HEAVY);
        signals.await(id, "phase/fetch");
        CompletableFuture<List<String>> stream = signals.stream(id);
        worker.process().kill();
        JsonNode failed = signals.await(id, "failed/fetch");
        assertThat(failed.path("diagnostics").path("error_code").asText()).isEqualTo("workers_lost");
        assertThat(failed.path("nextActions").path(0).path("href").asText()).isEqualTo("/api/v1/workers");
        assertThat(asked.get(40, TimeUnit.SECONDS).statusCode()).isEqualTo(503);
        assertThat(stream.get(40, TimeUnit.SECONDS))
                .containsSubsequence("phase/fetch", "blocked/fetch", "failed/fetch");
        String refused = id();
        assertThat(ask(api, refused, "sum(cpu_seconds_total)")
                        .get(40, TimeUnit.SECONDS)
                        .statusCode())
                .isEqualTo(503);
        JsonNode none = signals.await(refused, "unavailable/fetch");
        assertThat(none.path("nextActions")).isNotEmpty();
        assertThat(none.path("diagnostics").path("workers_connected").asInt()).isZero();
    }

    /** D3 22: the tables of the feed cannot be written, as in a database that hangs; the catalog's can be read. */
    @Test
    void aDatabaseThatHangsHurtsNoQuery() throws Exception {
        TestingFleet.Worker worker = fleet.worker("hang-worker");
        TestingFleet.Api api = fleet.api(
                "hang-api", List.of(worker.grpcPort()), "--history-jobs-max", "20", "--history-batch-jobs-max", "5");
        TestingSignals signals = new TestingSignals(api.client());
        for (int i = 0; i < 20; i++) {
            api.client().json(path(api, "sum(cpu_seconds_total)"));
        }
        long heapBefore;
        try (Connection connection =
                        DriverManager.getConnection(fleet.database().jdbcUrl());
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE public.promql_query_runs, scheduler.ttfs_events,"
                    + " scheduler.first_signal_snapshots IN ACCESS EXCLUSIVE MODE");
            for (int i = 0; i < 50; i++) {
                api.client().json(path(api, "sum(cpu_seconds_total)"));
            }
            heapBefore = api.figures().heapBytesAfterCollection();
            double droppedBefore = api.figures().metric("weir_feed_dropped_total");
            for (int i = 0; i < 500; i++) {
                api.client().json(path(api, "sum(cpu_seconds_total)"));
            }
            assertThat(api.figures().metric("weir_feed_dropped_total"))
                    .as("snapshot, start, result and history of most of them")
                    .isGreaterThan(droppedBefore + 500);
            assertThat(api.figures().metric("weir_feed_waiting")).isLessThanOrEqualTo(20);
            assertThat(api.figures().heapBytesAfterCollection()).isLessThan(heapBefore + (20L << 20));
            connection.rollback();
        }
        String id = id();
        assertThat(ask(api, id, "sum(cpu_seconds_total)")
                        .get(40, TimeUnit.SECONDS)
                        .statusCode())
                .isEqualTo(200);
        signals.await(id, "succeeded/report");
        Await.until(
                "history goes on",
                LIMIT,
                () -> query("SELECT status FROM public.promql_query_runs WHERE query_id = '" + id + "'")
                        .equals(List.of("succeeded")));
    }
}
