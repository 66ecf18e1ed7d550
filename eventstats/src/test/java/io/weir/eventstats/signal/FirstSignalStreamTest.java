package io.weir.eventstats.signal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.weir.eventstats.signal.TestingEventStream.Event;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Streams over HTTP: checklist D3, rows 18 and 19, and what bounds them. */
class FirstSignalStreamTest {
    private static final String TENANT = "acme";
    private static final UUID TENANT_ID = TenantIds.of(TENANT);
    /** All but the bounds under test are out of the way. */
    private static final SignalSettings SETTINGS =
            new SignalSettings(true, 4, 60, 100, 60_000, 3_000, 15_000, 500, 1_000, 5_000);

    private static TestingDatabase database;
    private static TestingSignalApi api;

    @BeforeAll
    static void open() {
        database = TestingDatabase.migrated();
        api = new TestingSignalApi(database, SETTINGS);
    }

    @AfterAll
    static void close() throws Exception {
        api.close();
        database.close();
    }

    private static void keep(UUID job, @Nullable UUID run, long seq, SignalKind kind) {
        api.store()
                .upsert(List.of(new SnapshotUpdate(
                        job, TENANT_ID, run, seq, kind, SignalPhase.FETCH, "S" + seq, null, null, null, null, null)));
    }

    private static String jobPath(UUID job) {
        return "/api/v1/stream/jobs/" + job;
    }

    private static <T> CompletableFuture<T> later(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                result.complete(work.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private static List<Integer> kinds(List<Event> events) {
        return events.stream().map(Event::kind).toList();
    }

    @Test
    void aStreamBeginsWithTheCurrentSignalAndEndsWithTheJob() throws Exception {
        UUID job = UUID.randomUUID();
        UUID run = UUID.randomUUID();
        keep(job, run, 1, SignalKind.QUEUED);
        long askedNanos = System.nanoTime();
        try (TestingEventStream stream = api.stream(jobPath(job), TENANT)) {
            assertThat(stream.status()).isEqualTo(200);
            assertThat(stream.header("Content-Type")).startsWith("text/event-stream");
            assertThat(stream.header("Cache-Control")).isEqualTo("no-cache");
            Event first = stream.next();
            System.out.println(
                    "first event after " + TimeUnit.NANOSECONDS.toMillis(first.arrivedNanos() - askedNanos) + " ms");
            assertThat(first.name()).isEqualTo("first_signal");
            assertThat(first.id())
                    .matches("W/\"[0-9a-f]{32}\"")
                    .isEqualTo(first.data().get("etag").asText());
            assertThat(first.data().get("runId").asText()).isEqualTo(run.toString());
            assertThat(first.data().get("signal").properties().stream().map(java.util.Map.Entry::getKey))
                    .containsExactly(
                            "version",
                            "signalId",
                            "jobId",
                            "timestamp",
                            "kind",
                            "phase",
                            "scope",
                            "summary",
                            "etaSeconds",
                            "lastKnownOutcome",
                            "nextActions",
                            "diagnostics");
            assertThat(first.data().at("/signal/version").asText()).isEqualTo("1.0");
            assertThat(first.data().at("/signal/kind").intValue()).isZero();
            assertThat(first.data().at("/signal/phase").intValue()).isEqualTo(1);
            assertThat(first.data().at("/signal/scope").toString())
                    .isEqualTo("{\"type\":\"job\",\"id\":\"" + job + "\"}");
            assertThat(first.data().at("/signal/diagnostics").toString())
                    .isEqualTo("{\"cacheHit\":true,\"source\":\"snapshot\"}");
            keep(job, run, 2, SignalKind.STARTED);
            assertThat(stream.next().kind()).isEqualTo(1);
            keep(job, run, 3, SignalKind.PHASE);
            assertThat(stream.next().kind()).isEqualTo(2);
            keep(job, run, 4, SignalKind.SUCCEEDED);
            assertThat(kinds(stream.rest(5_000))).containsExactly(5);
            assertThat(stream.endedInOrder()).isTrue();
        }
    }

    @Test
    void aStreamMayBeOpenedBeforeItsJobIsThere() throws Exception {
        UUID job = UUID.randomUUID();
        CompletableFuture<TestingEventStream> opening = later(() -> api.stream(jobPath(job), TENANT));
        Awaitility.await().until(() -> api.metric("weir_signal_streams_open") > 0);
        Thread.sleep(200);
        assertThat(opening).isNotDone();
        keep(job, null, 1, SignalKind.QUEUED);
        try (TestingEventStream stream = opening.get(5, TimeUnit.SECONDS)) {
            assertThat(stream.next().kind()).isZero();
            keep(job, null, 2, SignalKind.FAILED);
            assertThat(kinds(stream.rest(5_000))).containsExactly(4);
        }
    }

    @Test
    void whatDoesNotAppearIsNotFound() throws Exception {
        UUID job = UUID.randomUUID();
        keep(job, null, 1, SignalKind.QUEUED);
        long askedNanos = System.nanoTime();
        try (TestingEventStream unknown = api.stream(jobPath(UUID.randomUUID()), TENANT)) {
            assertThat(unknown.status()).isEqualTo(404);
        }
        assertThat(System.nanoTime() - askedNanos).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(2_900));
        try (TestingEventStream foreign = api.stream(jobPath(job), "other")) {
            assertThat(foreign.status()).isEqualTo(404);
        }
        assertThat(api.get("/api/v1/stream/jobs/abc", TENANT).statusCode()).isEqualTo(400);
        assertThat(api.get(jobPath(job), "").statusCode()).isEqualTo(400);
    }

    @Test
    void aStreamAfterTheEndGivesTheLastSignalOnce() throws Exception {
        UUID job = UUID.randomUUID();
        keep(job, null, 1, SignalKind.CANCELED);
        try (TestingEventStream stream = api.stream(jobPath(job), TENANT)) {
            List<Event> events = stream.rest(5_000);
            assertThat(kinds(events)).containsExactly(6);
            // A browser asks again by itself, and stops at 204.
            try (TestingEventStream again = api.stream(
                    jobPath(job), TENANT, "Last-Event-ID", events.getFirst().id())) {
                assertThat(again.status()).isEqualTo(204);
            }
        }
    }

    @Test
    void aReconnectLosesNothingAndRepeatsNothing() throws Exception {
        UUID job = UUID.randomUUID();
        keep(job, null, 1, SignalKind.QUEUED);
        String last;
        try (TestingEventStream stream = api.stream(jobPath(job), TENANT)) {
            last = stream.next().id();
        }
        try (TestingEventStream same = api.stream(jobPath(job), TENANT, "Last-Event-ID", last)) {
            assertThat(same.isSilent(300)).isTrue();
            keep(job, null, 2, SignalKind.STARTED);
            assertThat(same.next().kind()).isEqualTo(1);
        }
        try (TestingEventStream behind = api.stream(jobPath(job), TENANT, "Last-Event-ID", last)) {
            assertThat(behind.next().kind()).isEqualTo(1);
        }
        try (TestingEventStream strange = api.stream(jobPath(job), TENANT, "Last-Event-ID", "no tag")) {
            assertThat(strange.next().kind()).isEqualTo(1);
        }
    }

    @Test
    void aRunsStreamEndsWhenAllItsJobsHaveForAWhile() throws Exception {
        UUID run = UUID.randomUUID();
        UUID first = UUID.randomUUID();
        UUID second = UUID.randomUUID();
        keep(first, run, 1, SignalKind.QUEUED);
        for (String prefix : List.of("/api/v1", "/api/v1/orchestrator")) {
            try (TestingEventStream stream = api.stream(prefix + "/stream/runs/" + run, TENANT)) {
                assertThat(stream.next().data().at("/signal/scope/type").asText())
                        .isEqualTo("run");
            }
        }
        try (TestingEventStream stream = api.stream("/api/v1/stream/runs/" + run, TENANT)) {
            assertThat(stream.next().kind()).isZero();
            keep(first, run, 2, SignalKind.SUCCEEDED);
            assertThat(stream.next().kind()).isEqualTo(5);
            // A job that begins meanwhile keeps it open.
            keep(second, run, 1, SignalKind.QUEUED);
            Event next = stream.next();
            assertThat(next.kind()).isZero();
            assertThat(next.data().at("/signal/jobId").asText()).isEqualTo(second.toString());
            assertThat(stream.isSilent(1_000)).isTrue();
            keep(second, run, 2, SignalKind.FAILED);
            assertThat(kinds(stream.rest(5_000))).containsExactly(4);
        }
    }

    @Test
    void aKnownRunWithoutSignalsIsConnectedAtOnce() throws Exception {
        UUID run = UUID.randomUUID();
        database.execute("insert into scheduler.runs (id, tenant_id) values ('" + run + "', '" + TENANT_ID + "')");
        try (TestingEventStream stream = api.stream("/api/v1/stream/runs/" + run, TENANT)) {
            assertThat(stream.status()).isEqualTo(200);
            assertThat(stream.isSilent(300)).isTrue();
            keep(UUID.randomUUID(), run, 1, SignalKind.STARTED);
            assertThat(stream.next().kind()).isEqualTo(1);
        }
    }

    /** As the seed wrote it, the function's notification does not name the run. */
    @Test
    void notificationsOfOthersAreEnough() throws Exception {
        UUID job = UUID.randomUUID();
        UUID run = UUID.randomUUID();
        keep(job, run, 1, SignalKind.QUEUED);
        try (TestingEventStream byRun = api.stream("/api/v1/stream/runs/" + run, TENANT);
                TestingEventStream byJob = api.stream(jobPath(job), TENANT)) {
            byRun.next();
            byJob.next();
            database.execute("update scheduler.first_signal_snapshots set kind = 'blocked', seq = 2,"
                    + " updated_at = clock_timestamp() where job_id = '" + job + "'");
            database.execute("select pg_notify('ttfs_signal_update', json_build_object('job_id', '" + job
                    + "', 'tenant_id', '" + TENANT_ID + "', 'kind', 'blocked', 'phase', 'fetch')::text)");
            assertThat(byRun.next().kind()).isEqualTo(3);
            assertThat(byJob.next().kind()).isEqualTo(3);
            database.execute("update scheduler.first_signal_snapshots set summary = 'Changed', seq = 3,"
                    + " updated_at = clock_timestamp() where job_id = '" + job + "'");
            database.execute("notify ttfs_signal_update, 'not ours'");
            assertThat(byRun.next().summary()).isEqualTo("Changed");
            assertThat(byJob.next().summary()).isEqualTo("Changed");
        }
    }

    @Test
    void theSeedsFunctionFeedsStreams() throws Exception {
        UUID job = UUID.randomUUID();
        String call = "select scheduler.upsert_first_signal_snapshot('" + job + "', '" + TENANT_ID + "', NULL, '%s',"
                + " 'analyze', 'By SQL', 5, NULL, NULL, '{\"queue_position\":3}')";
        database.execute(call.formatted("queued"));
        try (TestingEventStream stream = api.stream(jobPath(job), TENANT)) {
            Event first = stream.next();
            assertThat(first.data().at("/signal/etaSeconds").intValue()).isEqualTo(5);
            assertThat(first.data().at("/signal/diagnostics/queue_position").intValue())
                    .isEqualTo(3);
            database.execute(call.formatted("succeeded"));
            assertThat(kinds(stream.rest(5_000))).containsExactly(5);
        }
    }

    @Test
    void aLostListeningConnectionIsReplacedAndNothingIsMissed() throws Exception {
        UUID job = UUID.randomUUID();
        keep(job, null, 1, SignalKind.QUEUED);
        try (TestingEventStream stream = api.stream(jobPath(job), TENANT)) {
            stream.next();
            double failures = api.metric("weir_signal_listen_failures_total");
            for (int seq = 2; seq < 12; seq++) {
                long killedNanos = System.nanoTime();
                Awaitility.await().until(() -> killListeners() > 0);
                keep(job, null, seq, SignalKind.PHASE);
                Event next = stream.next();
                assertThat(next.summary()).isEqualTo("S" + seq);
                assertThat(next.arrivedNanos() - killedNanos).isLessThan(TimeUnit.SECONDS.toNanos(3));
            }
            assertThat(api.metric("weir_signal_listen_failures_total")).isGreaterThanOrEqualTo(failures + 10);
            keep(job, null, 12, SignalKind.SUCCEEDED);
            assertThat(kinds(stream.rest(5_000))).containsExactly(5);
        }
    }

    private static int killListeners() throws Exception {
        return database.query(
                        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                                + " and application_name = 'weir-signal-listen' and wait_event = 'ClientRead'")
                .size();
    }

    @Test
    void silenceIsPingedAndOldStreamsEnd() throws Exception {
        SignalSettings brief = new SignalSettings(true, 4, 60, 100, 1_000, 3_000, 200, 500, 1_000, 5_000);
        UUID job = UUID.randomUUID();
        keep(job, null, 1, SignalKind.QUEUED);
        try (TestingSignalApi other = new TestingSignalApi(database, brief);
                TestingEventStream stream = other.stream(jobPath(job), TENANT)) {
            assertThat(kinds(stream.rest(5_000))).containsExactly(0);
            assertThat(stream.endedInOrder()).isTrue();
            assertThat(stream.comments()).isBetween(2, 5);
        }
    }

    @Test
    void streamsBeyondTheLimitAreRefused() throws Exception {
        SignalSettings few = new SignalSettings(true, 4, 60, 2, 60_000, 3_000, 100, 500, 1_000, 5_000);
        UUID job = UUID.randomUUID();
        keep(job, null, 1, SignalKind.QUEUED);
        try (TestingSignalApi other = new TestingSignalApi(database, few)) {
            try (TestingEventStream first = other.stream(jobPath(job), TENANT);
                    TestingEventStream second = other.stream(jobPath(job), TENANT)) {
                first.next();
                second.next();
                assertThat(other.metric("weir_signal_streams_open")).isEqualTo(2);
                try (TestingEventStream third = other.stream(jobPath(job), TENANT)) {
                    assertThat(third.status()).isEqualTo(503);
                    assertThat(third.header("Retry-After")).isEqualTo("5");
                }
                assertThat(other.metric("weir_signal_streams_refused_total")).isEqualTo(1);
            }
            // Clients that are gone are missed at the next ping.
            Awaitility.await().until(() -> other.metric("weir_signal_streams_open") == 0);
            try (TestingEventStream again = other.stream(jobPath(job), TENANT)) {
                again.next();
            }
        }
    }

    @Test
    void streamsEndInOrderWhenTheServerStops() throws Exception {
        UUID job = UUID.randomUUID();
        keep(job, null, 1, SignalKind.QUEUED);
        try (TestingSignalApi other = new TestingSignalApi(database, SETTINGS);
                TestingEventStream stream = other.stream(jobPath(job), TENANT)) {
            stream.next();
            CompletableFuture<TestingEventStream> waiting =
                    later(() -> other.stream(jobPath(UUID.randomUUID()), TENANT));
            Awaitility.await().until(() -> other.metric("weir_signal_streams_open") == 2);
            long stopNanos = System.nanoTime();
            other.stopServer();
            assertThat(System.nanoTime() - stopNanos).isLessThan(TimeUnit.SECONDS.toNanos(5));
            assertThat(stream.rest(1_000)).isEmpty();
            assertThat(stream.endedInOrder()).isTrue();
            try (TestingEventStream refused = waiting.get(1, TimeUnit.SECONDS)) {
                assertThat(refused.status()).isEqualTo(503);
            }
        }
    }

    /** The database goes away under a stream, and a new one is refused at once rather than kept waiting. */
    @Test
    void aDatabaseThatIsAwayIsSaidToBe() throws Exception {
        try (TestingDatabase mine = TestingDatabase.migrated();
                TestingSignalApi other = new TestingSignalApi(mine, SETTINGS)) {
            mine.dataSource().close();
            try (TestingEventStream stream = other.stream(jobPath(UUID.randomUUID()), TENANT)) {
                assertThat(stream.status()).isEqualTo(503);
                assertThat(stream.header("Retry-After")).isNotNull();
            }
            assertThat(other.get("/api/v1/jobs/" + UUID.randomUUID() + "/first-signal", TENANT)
                            .statusCode())
                    .isEqualTo(503);
            assertThat(other.metric("weir_signal_lookup_seconds_count{outcome=\"failed\"}"))
                    .isEqualTo(1);
            assertThat(other.metric("weir_signal_read_failures_total")).isGreaterThan(0);
        }
    }

    /** A client that does not read sees the last state, not every one; nobody else waits for it. */
    @Test
    void aSlowClientSeesTheLastState() throws Exception {
        UUID job = UUID.randomUUID();
        keep(job, null, 1, SignalKind.QUEUED);
        int updates = 400;
        try (Socket slow = new Socket("127.0.0.1", api.port());
                TestingEventStream fast = api.stream(jobPath(job), TENANT)) {
            slow.setSoTimeout(10_000);
            slow.getOutputStream()
                    .write(("GET " + jobPath(job) + " HTTP/1.1\r\nHost: t\r\nX-Tenant-Id: " + TENANT + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            fast.next();
            // More than the buffers of both ends hold.
            JsonNode filler = JsonNodeFactory.instance.objectNode().put("filler", "x".repeat(50_000));
            for (int seq = 2; seq <= updates; seq++) {
                SignalKind kind = seq == updates ? SignalKind.SUCCEEDED : SignalKind.PHASE;
                api.store()
                        .upsert(List.of(new SnapshotUpdate(
                                job,
                                TENANT_ID,
                                null,
                                seq,
                                kind,
                                SignalPhase.FETCH,
                                "S" + seq,
                                null,
                                null,
                                null,
                                filler,
                                null)));
            }
            assertThat(fast.rest(10_000).getLast().kind()).isEqualTo(5);
            String all = readToEnd(slow);
            assertThat(all).contains("\"summary\":\"S" + updates + "\"").endsWith("\r\n0\r\n\r\n");
            long events = all.lines().filter(line -> line.startsWith("id: ")).count();
            System.out.println("a slow client saw " + events + " of " + updates + " states");
            assertThat(events).isBetween(2L, updates - 1L);
        }
    }

    /** HTTP/1.1 keeps the connection; an empty chunk is the end. */
    private static String readToEnd(Socket socket) throws Exception {
        StringBuilder text = new StringBuilder();
        byte[] buffer = new byte[1 << 16];
        while (text.length() < 7 || !text.substring(text.length() - 7).equals("\r\n0\r\n\r\n")) {
            int read = socket.getInputStream().read(buffer);
            if (read < 0) {
                break;
            }
            text.append(new String(buffer, 0, read, StandardCharsets.ISO_8859_1));
        }
        return text.toString();
    }

    @Test
    void settingsAreChecked() {
        assertThatThrownBy(() -> new SignalSettings(true, 0, 0, 0, 1, 0, 1, 0, 1, 1))
                .hasMessageContaining("signal-connections-max");
        assertThatThrownBy(() -> new SignalSettings(true, 1, -1, 0, 1, 0, 1, 0, 1, 1))
                .hasMessageContaining("signal-cache-seconds");
        assertThatThrownBy(() -> new SignalSettings(true, 1, 0, 0, 0, 0, 1, 0, 1, 1))
                .hasMessageContaining("signal-stream-millis-max");
        assertThat(new SignalSettings(true, 1, 0, 0, 1, 0, 1, 0, 1, 1).streamsMax())
                .isZero();
    }
}
