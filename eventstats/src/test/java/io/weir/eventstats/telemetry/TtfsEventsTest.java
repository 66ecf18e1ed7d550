package io.weir.eventstats.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.eventstats.signal.TenantIds;
import io.weir.eventstats.testkit.TestingTelemetry;
import io.weir.eventstats.testkit.TestingTelemetry.Answer;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Recording of events over HTTP, and what the metrics say of them: rows 6 and 7 of checklist D3. */
final class TtfsEventsTest {
    private static final String PATH = "/api/v1/ttfs/events";
    private static final String JOB = "0190f5fe-7c00-7000-8000-000000000001";

    @SuppressWarnings("NullAway.Init")
    private static TestingTelemetry api;

    @BeforeAll
    static void start() throws Exception {
        api = new TestingTelemetry(new TelemetrySettings(
                1_000,
                64 << 10,
                300_000,
                744,
                400,
                new RollupSettings(60_000, 100),
                TelemetrySettings.DEFAULT.signature(),
                TelemetrySettings.DEFAULT.retention()));
    }

    @AfterAll
    static void stop() throws Exception {
        api.close();
    }

    @BeforeEach
    void empty() throws Exception {
        api.execute("TRUNCATE scheduler.ttfs_events, scheduler.ttfs_event_batches, scheduler.ttfs_rollup_deltas");
    }

    private static String event(String... changes) {
        return event("850", changes);
    }

    /** An event with other fields: names and JSON values in turn; the value {@code -} leaves a field out. */
    private static String event(String millis, String[] changes) {
        List<String> names = new ArrayList<>(List.of("job_id", "surface", "event_type", "ttfs_ms"));
        List<String> values = new ArrayList<>(List.of("\"" + JOB + "\"", "\"ui\"", "\"signal.rendered\"", millis));
        for (int i = 0; i < changes.length; i += 2) {
            int known = names.indexOf(changes[i]);
            if (known >= 0) {
                names.remove(known);
                values.remove(known);
            }
            if (!changes[i + 1].equals("-")) {
                names.add(changes[i]);
                values.add(changes[i + 1]);
            }
        }
        StringBuilder json = new StringBuilder("{");
        for (int i = 0; i < names.size(); i++) {
            json.append(i == 0 ? "" : ",")
                    .append('"')
                    .append(names.get(i))
                    .append("\":")
                    .append(values.get(i));
        }
        return json.append('}').toString();
    }

    private static long stored() throws Exception {
        return Long.parseLong(api.one("SELECT count(*) FROM scheduler.ttfs_events"));
    }

    private static void refused(int status, String message, String body, String... headers) throws Exception {
        Answer answer = api.send("POST", PATH, "T1", body, headers);
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.json().path("status").asText()).isEqualTo("error");
        assertThat(answer.error()).contains(message);
        assertThat(answer.body()).doesNotContainIgnoringCase("insert").doesNotContain("Exception", "\tat ");
        assertThat(stored()).isZero();
    }

    @Test
    void allColumnsOfAnEventAreStored() throws Exception {
        Instant time = Instant.now().minusSeconds(100);
        String run = UUID.randomUUID().toString();
        Answer answer = api.post(
                PATH,
                "T1",
                event(
                        "schema_version",
                        "\"v1.0\"",
                        "timestamp",
                        "\"" + time + "\"",
                        "tenant_id",
                        "\"T1\"",
                        "run_id",
                        "\"" + run + "\"",
                        "cache_hit",
                        "true",
                        "signal_source",
                        "\"failure_index\"",
                        "kind",
                        "\"failed\"",
                        "phase",
                        "\"analyze\"",
                        "network_state",
                        "\"4g\"",
                        "device",
                        "\"mobile\"",
                        "release",
                        "\"1.2\"",
                        "correlation_id",
                        "\"c\"",
                        "trace_id",
                        "\"t\"",
                        "span_id",
                        "\"s\"",
                        "error_code",
                        "\"E\"",
                        "error_message",
                        "\"böse \\ud83d\\ude00 '; DROP TABLE x\"",
                        "metadata",
                        "{\"a\":[1e400,{\"b\":null}]}"));
        assertThat(answer.body()).isEqualTo("{\"accepted\":1}");
        assertThat(answer.status()).isEqualTo(202);
        assertThat(api.one("SELECT tenant_id, job_id, run_id, surface, event_type, ttfs_ms, cache_hit, signal_source,"
                        + " kind, phase, network_state, device, release, correlation_id, trace_id, span_id,"
                        + " error_code, error_message, metadata->'a'->1 FROM scheduler.ttfs_events"))
                .isEqualTo(TenantIds.of("T1") + "|" + JOB + "|" + run
                        + "|ui|signal.rendered|850|t|failure_index|failed|analyze|4g|mobile|1.2|c|t|s|E|"
                        + "böse 😀 '; DROP TABLE x|{\"b\": null}");
        OffsetDateTime kept = OffsetDateTime.parse(api.one("SELECT to_char(ts AT TIME ZONE 'UTC',"
                + " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM scheduler.ttfs_events"));
        assertThat(Duration.between(kept.toInstant(), time).abs()).isLessThan(Duration.ofNanos(1_000));
    }

    @Test
    void aTimeThatIsMissingOrFarOffIsTheServers() throws Exception {
        String late = "\"" + Instant.now().minusSeconds(301) + "\"";
        String early = "\"" + Instant.now().plusSeconds(310) + "\"";
        assertThat(api.post(PATH, "T1", "[" + event() + "," + event("ts", late) + "," + event("ts", early) + "]")
                        .status())
                .isEqualTo(202);
        assertThat(api.one("SELECT count(*) FROM scheduler.ttfs_events WHERE abs(extract(epoch FROM now() - ts)) < 30"))
                .isEqualTo("3");
        // Within the skew the client's time stays.
        assertThat(api.post(PATH, "T1", event("ts", "\"" + Instant.now().minusSeconds(200) + "\""))
                        .status())
                .isEqualTo(202);
        assertThat(api.one("SELECT count(*) FROM scheduler.ttfs_events WHERE ts < now() - INTERVAL '150 seconds'"))
                .isEqualTo("1");
    }

    @Test
    void aThousandEventsAreOneStatementAndOneMoreIsRefused() throws Exception {
        String small = "{\"job_id\":\"" + JOB + "\",\"surface\":\"ci\",\"event_type\":\"signal.start\",\"ttfs_ms\":0}";
        try (TestingTelemetry large = new TestingTelemetry(TelemetrySettings.DEFAULT)) {
            Answer answer = large.post(PATH, "T1", "[" + String.join(",", Collections.nCopies(1_000, small)) + "]");
            assertThat(answer.body()).isEqualTo("{\"accepted\":1000}");
            assertThat(large.one("SELECT count(*), count(DISTINCT xmin::text) FROM scheduler.ttfs_events"))
                    .isEqualTo("1000|1");
            Answer more = large.post(PATH, "T1", "[" + String.join(",", Collections.nCopies(1_001, small)) + "]");
            assertThat(more.status()).isEqualTo(400);
            assertThat(more.error()).contains("[1000]", "at most 1000", "telemetry-events-per-request-max");
            assertThat(large.one("SELECT count(*) FROM scheduler.ttfs_events")).isEqualTo("1000");
        }
    }

    @Test
    void whatIsWrongIsToldByIndexAndFieldAndNothingIsStored() throws Exception {
        Map<String, String> cases = Map.ofEntries(
                Map.entry(event("ttfs_ms", "-1"), "ttfs_ms"),
                Map.entry(event("ttfs_ms", "1.5"), "ttfs_ms"),
                Map.entry(event("ttfs_ms", "2147483648"), "ttfs_ms"),
                Map.entry(event("ttfs_ms", "\"7\""), "ttfs_ms"),
                Map.entry(event("ttfs_ms", "-"), "ttfs_ms is missing"),
                Map.entry(event("ttfs_ms", "null"), "ttfs_ms is missing"),
                Map.entry(event("job_id", "\"abc\""), "job_id must be a UUID"),
                Map.entry(event("job_id", "-"), "job_id is missing"),
                Map.entry(event("run_id", "\"1-1-1-1-1\""), "run_id must be a UUID"),
                Map.entry(event("surface", "\"api\""), "surface must be one of ui, cli, ci"),
                Map.entry(event("event_type", "\"foo\""), "event_type must be one of signal.start"),
                Map.entry(event("event_type", "\"rendered\""), "event_type must be one of signal.start"),
                Map.entry(event("kind", "\"x\""), "kind must be one of queued"),
                Map.entry(event("phase", "\"y\""), "phase must be one of resolve"),
                Map.entry(event("signal_source", "\"z\""), "signal_source must be one of snapshot"),
                Map.entry(event("cache_hit", "1"), "cache_hit must be true or false"),
                Map.entry(event("ts", "\"yesterday\""), "ts must be a time"),
                Map.entry(event("ts", "5"), "ts must be a text"),
                Map.entry(event("device", "\"a\\u0000b\""), "device must be a text"),
                Map.entry(event("device", "\"\\ud800\""), "device must be a text"),
                Map.entry(event("error_message", "\"" + "x".repeat(2_049) + "\""), "error_message must be a text"),
                Map.entry(event("metadata", "[]"), "metadata must be a JSON object"),
                Map.entry(event("metadata", "{\"a\":\"\\u0000\"}"), "metadata must be a JSON object"),
                Map.entry(event("metadata", "{\"a\":1e200000}"), "metadata must be a JSON object"),
                Map.entry(event("metadata", "{\"a\":\"" + "x".repeat(9_000) + "\"}"), "metadata must be a JSON object"),
                Map.entry(event("tenant_id", "\"T2\""), "tenant_id is not the tenant of the request"),
                Map.entry(event("schema_version", "\"2\""), "schema_version must be v1.0"),
                Map.entry(event("colour", "1"), "colour is not a field"),
                Map.entry("7", "must be a JSON object"));
        for (Map.Entry<String, String> wrong : cases.entrySet()) {
            refused(400, "events[1]", "[" + event() + "," + wrong.getKey() + "," + event() + "]");
            refused(400, wrong.getValue(), "[" + event() + "," + wrong.getKey() + "]");
        }
        refused(400, "events[0].ttfs_ms", event("ttfs_ms", "-1"));
        refused(
                400,
                "events[0].ttfs_ms must be a whole number from 0 to 2147483647; events[1].surface",
                "[" + event("ttfs_ms", "-1") + "," + event("surface", "\"x\"") + "]");
    }

    @Test
    void aBodyThatIsNoEventIsRefused() throws Exception {
        refused(400, "not a JSON document", "{");
        refused(400, "not a JSON document", event() + event());
        refused(400, "not a JSON document", "{\"surface\":\"ui\",\"surface\":\"ci\"}");
        refused(400, "not a JSON document", "[".repeat(50) + "]".repeat(50));
        refused(400, "empty", "");
        refused(400, "send at least 1", "[]");
        refused(400, "must be an event", "\"x\"");
        refused(413, "telemetry-request-bytes-max", "[\"" + "x".repeat(70_000) + "\"]");
        refused(415, "application/json", event(), "Content-Type", "text/plain");
        refused(415, "Content-Encoding", event(), "Content-Encoding", "gzip");
        assertThat(api.send("POST", PATH, null, event()).status()).isEqualTo(400);
        assertThat(api.get(PATH, "T1").status()).isEqualTo(405);
        assertThat(api.post(PATH + "?x=1", "T1", event()).status()).isEqualTo(400);
        assertThat(stored()).isZero();
    }

    @Test
    void aBatchWithAKeyIsStoredOnceHoweverOftenItIsSent() throws Exception {
        String body = "[" + event() + "," + event() + "]";
        List<Callable<Answer>> sends =
                Collections.nCopies(8, () -> api.send("POST", PATH, "T1", body, TtfsEventRoutes.KEY_HEADER, "batch-1"));
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Answer> sent : executor.invokeAll(sends)) {
                assertThat(sent.get().body()).isEqualTo("{\"accepted\":2}");
            }
        }
        assertThat(stored()).isEqualTo(2);
        assertThat(api.send("POST", PATH, "T1", event(), TtfsEventRoutes.KEY_HEADER, "batch-1")
                        .status())
                .isEqualTo(409);
        assertThat(api.send("POST", PATH, "T2", body, TtfsEventRoutes.KEY_HEADER, "batch-1")
                        .status())
                .isEqualTo(202);
        assertThat(api.send("POST", PATH, "T1", body, TtfsEventRoutes.KEY_HEADER, "a b")
                        .status())
                .isEqualTo(400);
        assertThat(stored()).isEqualTo(4);
    }

    @Test
    void theSeedsFunctionStoresAnEventAndRefusesWhatIsNotInItsLists() throws Exception {
        String call =
                "SELECT ttfs_ms FROM scheduler.record_ttfs_event(gen_random_uuid(), gen_random_uuid(), '%s', '%s',"
                        + " 850)";
        assertThat(api.one(call.formatted("ui", "signal.rendered"))).isEqualTo("850");
        for (String wrong : List.of(call.formatted("api", "signal.rendered"), call.formatted("ui", "foo"))) {
            assertThatThrownBy(() -> api.one(wrong)).hasMessageContaining("violates check constraint");
        }
        assertThat(stored()).isEqualTo(1);
    }

    @Test
    void withoutADatabaseTheAnswerIs503AndWhen() throws Exception {
        try (TestingTelemetry broken = new TestingTelemetry(TelemetrySettings.DEFAULT)) {
            broken.stopDatabase();
            for (Answer answer : List.of(
                    broken.post(PATH, "T1", event()),
                    broken.get("/api/v1/ttfs/summary", "T1"),
                    broken.get("/api/v1/failure-signatures", "T1"),
                    broken.get("/api/v1/ttfs/retention", "T1"))) {
                assertThat(answer.status()).as(answer.body()).isEqualTo(503);
                assertThat(answer.headers()).containsKey("retry-after");
                assertThat(answer.error()).contains("cannot be reached").doesNotContainIgnoringCase("sql");
            }
            assertThat(broken.registry().scrape()).contains("ttfs_signal_total{surface=\"ui\"} 0.0");
        }
    }

    @Test
    void theMetricsAreThereFromTheStartByTheirNamesAndCountWhatIsStored() throws Exception {
        try (TestingTelemetry fresh = new TestingTelemetry(TelemetrySettings.DEFAULT)) {
            String start = fresh.get("/metrics", "T1").body();
            for (String name : List.of("ttfs_signal_total", "ttfs_cache_hit_total", "ttfs_error_total")) {
                Stream.of("ui", "cli", "ci")
                        .forEach(surface -> assertThat(start)
                                .contains("# TYPE " + name + " counter", name + "{surface=\"" + surface + "\"} 0.0"));
            }
            assertThat(start)
                    .contains(
                            "# TYPE ttfs_latency_seconds histogram",
                            "ttfs_latency_seconds_bucket{surface=\"ui\",le=\"5.0\"} 0",
                            "ttfs_slo_breach_total{objective=\"p95\",surface=\"ci\"} 0.0");
            String body =
                    "[" + event("cache_hit", "true") + "," + event("ttfs_ms", "2001") + "," + event("ttfs_ms", "5001")
                            + "," + event("event_type", "\"signal.error\"") + ","
                            + event("event_type", "\"signal.timeout\"") + ","
                            + event("event_type", "\"signal.start\"") + "]";
            assertThat(fresh.post(PATH, "T1", body).status()).isEqualTo(202);
            assertThat(fresh.post(PATH, "T1", "[" + event() + "," + event("ttfs_ms", "-1") + "]")
                            .status())
                    .isEqualTo(400);
            assertThat(fresh.get("/metrics", "T1").body())
                    .contains(
                            "ttfs_signal_total{surface=\"ui\"} 5.0",
                            "ttfs_cache_hit_total{surface=\"ui\"} 1.0",
                            "ttfs_error_total{surface=\"ui\"} 2.0",
                            "ttfs_slo_breach_total{objective=\"p50\",surface=\"ui\"} 2.0",
                            "ttfs_slo_breach_total{objective=\"p95\",surface=\"ui\"} 1.0",
                            "ttfs_latency_seconds_count{surface=\"ui\"} 3",
                            "ttfs_latency_seconds_bucket{surface=\"ui\",le=\"2.0\"} 1",
                            "ttfs_latency_seconds_bucket{surface=\"ui\",le=\"5.0\"} 2");
        }
    }

    @Test
    void theTenantOfAnEventMayBeItsNameOrItsUuid() throws Exception {
        assertThat(api.post(PATH, "T1", event("tenant_id", "\"" + TenantIds.of("T1") + "\""))
                        .status())
                .isEqualTo(202);
        JsonNode rows = api.get("/api/v1/ttfs/summary", "T1").data().get("rows");
        assertThat(rows).hasSize(1);
    }
}
