package io.weir.eventstats.signal;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Look-ups over HTTP: checklist D3, rows 15 to 17. */
class FirstSignalHttpTest {
    private static final String TENANT = "acme";
    private static final UUID TENANT_ID = TenantIds.of(TENANT);

    private static TestingDatabase database;
    private static TestingSignalApi api;

    @BeforeAll
    static void open() {
        database = TestingDatabase.migrated();
        api = new TestingSignalApi(database, SignalSettings.DEFAULT);
    }

    @AfterAll
    static void close() throws Exception {
        api.close();
        database.close();
    }

    private static void keep(UUID job, UUID run, long seq, SignalKind kind, String summary) throws Exception {
        JsonNode actions = new ObjectMapper().readTree("[{\"label\":\"L\",\"href\":\"/x\"}]");
        JsonNode outcome = new ObjectMapper().readTree("{\"status\":\"succeeded\"}");
        api.store()
                .upsert(List.of(new SnapshotUpdate(
                        job, TENANT_ID, run, seq, kind, SignalPhase.FETCH, summary, 3, outcome, actions, null, null)));
    }

    private static JsonNode json(HttpResponse<String> response) throws Exception {
        return new ObjectMapper().readTree(response.body());
    }

    private static String header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    @Test
    void aJobsSignalHasBothShapes() throws Exception {
        UUID job = UUID.randomUUID();
        UUID run = UUID.randomUUID();
        keep(job, run, 1, SignalKind.STARTED, "Läuft");
        HttpResponse<String> response = api.get("/api/v1/jobs/" + job + "/first-signal", TENANT);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(header(response, "Content-Type")).startsWith("application/json");
        assertThat(header(response, "ETag")).matches("W/\"[0-9a-f]{32}\"");
        assertThat(header(response, "Cache-Control")).isEqualTo("private, max-age=0, must-revalidate");
        assertThat(header(response, "Cache-Status")).isEqualTo("hit");
        assertThat(header(response, "X-FirstSignal-Source")).isEqualTo("snapshot");
        assertThat(header(response, "Vary")).contains("X-Tenant-Id");
        String at = json(response).at("/firstSignal/at").asText();
        assertThat(at).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?\\+00:00");
        assertThat(json(response))
                .isEqualTo(new ObjectMapper()
                        .readTree(("""
                            {"jobId": "JOB", "runId": "RUN",
                             "firstSignal": {"type": "started", "stage": "fetch", "step": null, "message": "Läuft", "at": "AT",
                                             "artifact": {"kind": "job", "range": null}},
                             "summaryEtag": "TAG",
                             "signal": {"jobId": "JOB", "kind": "started", "phase": "fetch", "summary": "Läuft", "etaSeconds": 3,
                                        "lastKnownOutcome": {"status": "succeeded"},
                                        "nextActions": [{"label": "L", "href": "/x"}], "diagnostics": {}, "updatedAt": "AT"}}
                            """)
                                .replace("JOB", job.toString())
                                .replace("RUN", run.toString())
                                .replace("AT", at)
                                .replace("TAG", header(response, "ETag").replace("\"", "\\\""))));
    }

    @Test
    void aRunsSignalIsServedUnderEachOfItsPaths() throws Exception {
        UUID run = UUID.randomUUID();
        keep(UUID.randomUUID(), run, 1, SignalKind.SUCCEEDED, "First");
        UUID last = UUID.randomUUID();
        keep(last, run, 1, SignalKind.SUCCEEDED, "Last");
        for (String prefix : List.of("/api/v1", "/api/v1/orchestrator", "/api/v1/jobengine")) {
            HttpResponse<String> response = api.get(prefix + "/runs/" + run + "/first-signal", TENANT);
            assertThat(response.statusCode()).isEqualTo(200);
            JsonNode body = json(response);
            assertThat(body.has("jobId")).isFalse();
            assertThat(body.get("runId").asText()).isEqualTo(run.toString());
            assertThat(body.at("/signal/jobId").asText()).isEqualTo(last.toString());
            assertThat(body.at("/firstSignal/artifact/kind").asText()).isEqualTo("run");
            // Another job may begin.
            assertThat(header(response, "Cache-Control")).isEqualTo("private, max-age=0, must-revalidate");
        }
    }

    /** The states a query goes through; only the last one may be shown without asking again. */
    @Test
    void everyStateHasItsTagAndOnlyTheLastMayBeKept() throws Exception {
        UUID job = UUID.randomUUID();
        String path = "/api/v1/jobs/" + job + "/first-signal";
        String before = "";
        List<SignalKind> kinds = List.of(
                SignalKind.QUEUED, SignalKind.STARTED, SignalKind.PHASE, SignalKind.BLOCKED, SignalKind.SUCCEEDED);
        for (SignalKind kind : kinds) {
            keep(job, UUID.randomUUID(), kinds.indexOf(kind) + 1, kind, "S");
            HttpResponse<String> response = api.get(path, TENANT, "If-None-Match", before.isEmpty() ? "\"x\"" : before);
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(json(response).at("/signal/kind").asText()).isEqualTo(kind.text());
            assertThat(header(response, "ETag")).isNotEqualTo(before);
            assertThat(header(response, "Cache-Control"))
                    .isEqualTo(kind.isTerminal() ? "private, max-age=60" : "private, max-age=0, must-revalidate");
            before = header(response, "ETag");
        }
    }

    @Test
    void theSameSignalAgainIsNotNew() throws Exception {
        UUID job = UUID.randomUUID();
        UUID run = UUID.randomUUID();
        String path = "/api/v1/jobs/" + job + "/first-signal";
        keep(job, run, 1, SignalKind.STARTED, "S");
        String tag = header(api.get(path, TENANT), "ETag");
        keep(job, run, 2, SignalKind.STARTED, "S");
        assertThat(api.get(path, TENANT, "If-None-Match", tag).statusCode()).isEqualTo(304);
    }

    @Test
    void conditionsAreHonoured() throws Exception {
        UUID job = UUID.randomUUID();
        String path = "/api/v1/jobs/" + job + "/first-signal";
        keep(job, UUID.randomUUID(), 1, SignalKind.STARTED, "S");
        String tag = header(api.get(path, TENANT), "ETag");
        List<String> same =
                List.of(tag, "\"a,b\", " + tag, tag + ",W/\"b\"", "*", " * ", tag.substring(2), "W/\"x\" ,\t" + tag);
        for (String condition : same) {
            HttpResponse<String> response = api.get(path, TENANT, "If-None-Match", condition);
            assertThat(response.statusCode()).as(condition).isEqualTo(304);
            assertThat(response.body()).isEmpty();
            assertThat(header(response, "ETag")).isEqualTo(tag);
            assertThat(header(response, "Cache-Control")).startsWith("private");
        }
        assertThat(api.get(path, TENANT, "If-None-Match", "\"a\"", "If-None-Match", tag)
                        .statusCode())
                .isEqualTo(304);
        String opaque = tag.substring(3, tag.length() - 1);
        for (String condition : List.of("W/\"stale\"", opaque, "\"", "\"" + opaque, "", "**", "\"*\"", "W/")) {
            assertThat(api.get(path, TENANT, "If-None-Match", condition).statusCode())
                    .as(condition)
                    .isEqualTo(200);
        }
    }

    @Test
    void whatIsNotThereSaysWhy() throws Exception {
        UUID job = UUID.randomUUID();
        UUID run = UUID.randomUUID();
        keep(job, run, 1, SignalKind.STARTED, "S");
        UUID empty = UUID.randomUUID();
        database.execute("insert into scheduler.runs (id, tenant_id) values ('" + empty + "', '" + TENANT_ID + "')");
        HttpResponse<String> nothingYet = api.get("/api/v1/runs/" + empty + "/first-signal", TENANT);
        assertThat(nothingYet.statusCode()).isEqualTo(204);
        assertThat(nothingYet.body()).isEmpty();
        assertThat(header(nothingYet, "Cache-Status")).isEqualTo("miss");
        assertThat(api.get("/api/v1/runs/" + empty + "/first-signal", "other").statusCode())
                .isEqualTo(404);
        for (String path : List.of(
                "/api/v1/jobs/" + UUID.randomUUID(),
                "/api/v1/runs/" + UUID.randomUUID(),
                // A run is no job, and the other way round.
                "/api/v1/jobs/" + run,
                "/api/v1/runs/" + job)) {
            HttpResponse<String> response = api.get(path + "/first-signal", TENANT);
            assertThat(response.statusCode()).as(path).isEqualTo(404);
            assertThat(json(response).get("errorType").asText()).isEqualTo("not_found");
            assertThat(header(response, "Cache-Control")).isEqualTo("no-store");
        }
        assertThat(api.get("/api/v1/jobs/" + job + "/first-signal", "other").statusCode())
                .isEqualTo(404);
        assertThat(api.get("/api/v1/runs/" + run + "/first-signal", "other").statusCode())
                .isEqualTo(404);
        assertThat(api.get("/api/v1/jobs/" + job + "/first-signal", "other", "If-None-Match", "*")
                        .statusCode())
                .isEqualTo(404);
        HttpResponse<String> bad = api.get("/api/v1/jobs/abc/first-signal", TENANT);
        assertThat(bad.statusCode()).isEqualTo(400);
        assertThat(json(bad).get("errorType").asText()).isEqualTo("bad_data");
        assertThat(api.get("/api/v1/jobs/" + job + "/first-signal", "").statusCode())
                .isEqualTo(400);
        assertThat(api.get("/api/v1/jobs/" + job + "/first-signal", TENANT, "X-Scope-OrgID", "other")
                        .statusCode())
                .isEqualTo(400);
    }

    /** A page of another origin reads the tag and asks with it. */
    @Test
    void browsersMayUseTheHeaders() throws Exception {
        HttpResponse<String> response = api.get("/api/v1/jobs/" + UUID.randomUUID() + "/first-signal", TENANT);
        assertThat(header(response, "Access-Control-Expose-Headers")).contains("ETag", "X-FirstSignal-Source");
        assertThat(header(response, "Access-Control-Allow-Headers"))
                .contains("X-Tenant-Id", "If-None-Match", "Last-Event-ID");
    }

    @Test
    void lookUpsAreMeasuredByOutcome() throws Exception {
        double before = api.metric("weir_signal_lookup_seconds_count{outcome=\"unknown\"}");
        api.get("/api/v1/jobs/" + UUID.randomUUID() + "/first-signal", TENANT);
        assertThat(api.metric("weir_signal_lookup_seconds_count{outcome=\"unknown\"}"))
                .isEqualTo(before + 1);
        for (String outcome : List.of("found", "not_modified", "none", "failed")) {
            assertThat(api.metric("weir_signal_lookup_seconds_count{outcome=\"" + outcome + "\"}"))
                    .as(outcome)
                    .isNotNaN();
        }
    }
}
