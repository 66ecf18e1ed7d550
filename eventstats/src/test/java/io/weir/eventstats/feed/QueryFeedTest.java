package io.weir.eventstats.feed;

import static io.weir.eventstats.feed.TestingQueries.advanced;
import static io.weir.eventstats.feed.TestingQueries.asked;
import static io.weir.eventstats.feed.TestingQueries.done;
import static io.weir.eventstats.feed.TestingQueries.ended;
import static io.weir.eventstats.feed.TestingQueries.firstResult;
import static io.weir.eventstats.feed.TestingQueries.queued;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.eventstats.database.EventStatsSchema;
import io.weir.eventstats.signal.SignalKind;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.eventstats.signal.Snapshot;
import io.weir.eventstats.signal.TenantIds;
import io.weir.eventstats.signal.store.PostgresSnapshotStore;
import io.weir.eventstats.signature.SignatureLearning;
import io.weir.eventstats.signature.SignatureSettings;
import io.weir.eventstats.signature.SignatureStore;
import io.weir.eventstats.telemetry.TtfsEventStore;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent.Cause;
import io.weir.queryapi.spi.QueryEvent.Phase;
import io.weir.queryapi.spi.QueryOrigin;
import io.weir.queryapi.spi.WorkerCount;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the feed writes into a real database, and what it does while that fails. */
class QueryFeedTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final String RUN = "4f6f8a3e-5d0e-4b7c-9d0f-2f4f7c1b0a11";

    @SuppressWarnings("NullAway.Init")
    private static EmbeddedPostgres postgres;

    @SuppressWarnings("NullAway.Init")
    private static HikariDataSource pool;

    private final TestingDataSource database = new TestingDataSource(pool);
    private final AtomicReference<WorkerCount> workers = new AtomicReference<>(new WorkerCount(2, 2));
    private SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private @Nullable QueryFeed feed;

    @BeforeAll
    static void startDatabase() throws Exception {
        postgres = EmbeddedPostgres.start();
        pool = Databases.open(DatabaseSettings.of(postgres.getJdbcUrl("postgres", "postgres"), "postgres", "postgres"));
        EventStatsSchema.migrate(pool);
    }

    @AfterAll
    static void stopDatabase() throws Exception {
        pool.close();
        postgres.close();
    }

    @BeforeEach
    void empty() throws SQLException {
        execute("TRUNCATE scheduler.first_signal_snapshots, scheduler.ttfs_events, scheduler.failure_signatures,"
                + " scheduler.failure_signature_learning,"
                + " public.promql_query_runs, scheduler.runs CASCADE");
    }

    @AfterEach
    void stop() {
        database.setGate(null);
        if (feed != null) {
            feed.close();
        }
    }

    private static HistorySettings settings(int jobsMax) {
        return settings(jobsMax, 30_000);
    }

    private static HistorySettings settings(int jobsMax, long closeMillisMax) {
        HistorySettings defaults = HistorySettings.DEFAULT;
        return new HistorySettings(
                true,
                jobsMax,
                defaults.bytesMax(),
                defaults.batchJobsMax(),
                20,
                10,
                50,
                closeMillisMax,
                defaults.textCharactersMax(),
                defaults.earlierRunsMax(),
                defaults.knownQueriesMax(),
                defaults.knownMillis(),
                "/docs");
    }

    private QueryFeed start() {
        return start(settings(10_000), true);
    }

    private QueryFeed start(HistorySettings settings, boolean signals) {
        registry = new SimpleMeterRegistry();
        QueryFeed started = QueryFeed.start(
                settings,
                signals
                        ? new QueryFeed.Signals(
                                new PostgresSnapshotStore(database),
                                new TtfsEventStore(database, registry),
                                new SignatureStore(database),
                                new SignatureLearning(database, SignatureSettings.DEFAULT, registry))
                        : null,
                database,
                registry);
        started.watch(workers::get);
        feed = started;
        return started;
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static List<String> query(String sql) {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> found = new ArrayList<>();
            while (rows.next()) {
                found.add(rows.getString(1));
            }
            return found;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Optional<Snapshot> snapshot(AskedQuery query) {
        return new PostgresSnapshotStore(pool).job(TenantIds.of(query.tenant()), UUID.fromString(query.queryId()));
    }

    private static Snapshot await(AskedQuery query, SignalKind kind) {
        Awaitility.await()
                .atMost(SOON)
                .until(() ->
                        snapshot(query).filter(found -> found.kind() == kind).isPresent());
        return snapshot(query).orElseThrow();
    }

    private static void awaitHistory(int rows) {
        Awaitility.await()
                .atMost(SOON)
                .until(() ->
                        query("SELECT query_id FROM public.promql_query_runs").size() == rows);
    }

    private double count(String name, String what) {
        return registry.get(name).tag("what", what).counter().count();
    }

    private static JsonNode json(@Nullable String text) throws Exception {
        return JSON.readTree(text);
    }

    @Test
    void aQueryIsFollowedToItsEnd() throws Exception {
        QueryFeed feed = start();
        AskedQuery query = asked(
                "up{b='2',a='1'}",
                new QueryOrigin(
                        "ui",
                        "Grafana/11",
                        "ada",
                        RUN,
                        "d-1",
                        "c-1",
                        "4bf92f3577b34da6a3ce929d0e0e4736",
                        "00f067aa0ba902b7"));
        feed.onEvent(queued(query));
        assertThat(await(query, SignalKind.QUEUED).phase()).isEqualTo(SignalPhase.RESOLVE);
        feed.onEvent(advanced(query, 2, Phase.PLANNING));
        assertThat(await(query, SignalKind.STARTED).phase()).isEqualTo(SignalPhase.RESOLVE);
        feed.onEvent(advanced(query, 3, Phase.WORKING));
        Snapshot working = await(query, SignalKind.PHASE);
        assertThat(working.phase()).isEqualTo(SignalPhase.FETCH);
        assertThat(working.summary()).isEqualTo("Reading data: 2 of 3 pieces of work done");
        assertThat(json(working.diagnostics()).path("units_done").asInt()).isEqualTo(2);
        assertThat(json(working.diagnostics()).path("workers").asInt()).isEqualTo(1);
        assertThat(json(working.payload()).path("query").asText()).isEqualTo(query.text());
        feed.onEvent(firstResult(query, 4));
        feed.onEvent(done(query, 5));
        Snapshot end = await(query, SignalKind.SUCCEEDED);
        assertThat(end.runId()).isEqualTo(UUID.fromString(RUN));
        assertThat(end.nextActions()).isNull();
        awaitHistory(1);
        assertThat(query("SELECT concat_ws('|', query_id, run_id, tenant_id, user_name, surface, kind, query_text,"
                        + " extract(epoch FROM range_end - range_start)::int, step_ms, duration_ms, ttfs_ms, status,"
                        + " error_type, phase, work_units, samples_read, workers, precompute_hit)"
                        + " FROM public.promql_query_runs"))
                .containsExactly(query.queryId() + "|" + RUN
                        + "|acme|ada|ui|range|up{b='2',a='1'}|60|15000|5|4|succeeded|report|3|1000|1|f");
        assertThat(query("SELECT canonical_hash FROM public.promql_query_runs"))
                .containsExactly(
                        CanonicalQuery.of("range", "up{a=\"1\",b=\"2\"}").hash());
        assertThat(query("SELECT concat_ws('|', event_type, surface, ttfs_ms, cache_hit, signal_source, device,"
                        + " correlation_id, trace_id, span_id, metadata->>'dashboard_uid') FROM scheduler.ttfs_events"
                        + " ORDER BY id"))
                .containsExactly("signal.rendered|ui|4|f|cold_start|Grafana/11|c-1|4bf92f3577b34da6a3ce929d0e0e4736"
                        + "|00f067aa0ba902b7|d-1");
        assertThat(count("weir.feed.written", "history")).isEqualTo(1);
        assertThat(database.threads()).as("none is the query's").containsExactly("weir-query-feed");
        assertThat(count("weir.feed.dropped", "snapshot")).isZero();
    }

    @Test
    void anAnswerFromPrecomputedResultsIsAHitOfTheCache() throws Exception {
        QueryFeed feed = start();
        AskedQuery query = asked("up");
        TestingQueries.precomputed(query).forEach(feed::onEvent);
        await(query, SignalKind.SUCCEEDED);
        awaitHistory(1);
        assertThat(query("SELECT concat_ws('|', status, duration_ms, ttfs_ms, work_units, samples_read, workers,"
                        + " precompute_hit) FROM public.promql_query_runs"))
                .containsExactly("succeeded|3|2|0|0|0|t");
        assertThat(query("SELECT concat_ws('|', event_type, ttfs_ms, cache_hit, signal_source)"
                        + " FROM scheduler.ttfs_events"))
                .containsExactly("signal.rendered|2|t|snapshot");
    }

    @Test
    void earlierRunsTellHowLongItTakesAndHowItEnded() throws Exception {
        QueryFeed feed = start();
        for (int millis : new int[] {3_000, 5_000, 9_000}) {
            feed.onEvent(done(asked("rate(up{b='2',a='1'}[5m])"), millis));
        }
        AskedQuery failed = asked("rate(up{a='1',b='2'}[5m])");
        feed.onEvent(ended(failed, 9_500, Cause.EXECUTION, Phase.EVALUATING, "twice the same labels"));
        awaitHistory(4);
        AskedQuery next = asked("rate(up{a=\"1\", b=\"2\"}[5m])");
        feed.onEvent(queued(next));
        Snapshot known = await(next, SignalKind.QUEUED);
        assertThat(known.etaSeconds()).isEqualTo(5);
        assertThat(json(known.lastKnownOutcome()).path("status").asText()).isEqualTo("failed");
        assertThat(json(known.lastKnownOutcome()).path("query_id").asText()).isEqualTo(failed.queryId());
        feed.onEvent(advanced(next, 4_100, Phase.WORKING));
        assertThat(await(next, SignalKind.PHASE).etaSeconds()).isEqualTo(1);
        // Another process knows it from the history.
        feed.close();
        QueryFeed other = start();
        AskedQuery again = asked("rate(up{a=\"1\", b=\"2\"}[5m])");
        other.onEvent(queued(again));
        assertThat(await(again, SignalKind.QUEUED).etaSeconds()).isEqualTo(5);
        AskedQuery unknown = asked("rate(up{a=\"1\", b=\"3\"}[5m])");
        other.onEvent(queued(unknown));
        assertThat(await(unknown, SignalKind.QUEUED).etaSeconds()).isNull();
        assertThat(snapshot(unknown).orElseThrow().lastKnownOutcome()).isNull();
    }

    @Test
    void aFailureShowsWhatToDoAndWhatIsKnownAboutIt() throws Exception {
        execute("INSERT INTO scheduler.failure_signatures (tenant_id, signature_hash, pattern, outcome) VALUES ('"
                + TenantIds.of("acme") + "', 'h',"
                + " '{\"phase\":\"policy\",\"error_code\":\"limit\",\"image_pattern\":\"up/acme\"}',"
                + " '{\"likely_cause\":\"too wide\",\"suggested_action\":\"Ask by cluster\","
                + "\"remediation_url\":\"/docs/wide\"}')");
        QueryFeed feed = start();
        AskedQuery query = asked("sum(up)");
        String reason = "the query read 9 samples, more than 5 (setting query-samples-max)";
        feed.onEvent(queued(query));
        feed.onEvent(ended(query, 40, Cause.LIMIT, Phase.EVALUATING, reason));
        Snapshot failed = await(query, SignalKind.FAILED);
        assertThat(failed.phase()).isEqualTo(SignalPhase.POLICY);
        JsonNode actions = json(failed.nextActions());
        assertThat(actions.path(0).path("label").asText()).isEqualTo("Ask by cluster");
        assertThat(actions.path(0).path("href").asText()).isEqualTo("/docs/wide");
        assertThat(actions.path(1).path("href").asText()).isEqualTo("/docs/settings.md#query-samples-max");
        assertThat(json(failed.lastKnownOutcome()).path("likely_cause").asText())
                .isEqualTo("too wide");
        assertThat(json(failed.diagnostics()).path("signal_source").asText()).isEqualTo("failure_index");
        awaitHistory(1);
        assertThat(query("SELECT concat_ws('|', event_type, ttfs_ms, signal_source, kind, phase, error_code,"
                        + " error_message) FROM scheduler.ttfs_events"))
                .containsExactly("signal.error|40|failure_index|failed|policy|limit|" + reason);
        assertThat(query("SELECT concat_ws('|', status, error_type, error_code, error_message, phase, ttfs_ms)"
                        + " FROM public.promql_query_runs"))
                .containsExactly("failed|execution|limit|" + reason + "|policy");
    }

    @Test
    void whatFailsAgainAndAgainIsLearned() throws Exception {
        QueryFeed feed = start();
        for (int i = 0; i < SignatureSettings.DEFAULT.learnSamplesMin(); i++) {
            AskedQuery query = asked("sum(up)");
            feed.onEvent(ended(query, 40, Cause.STORAGE, Phase.WORKING, "an object is gone"));
            feed.onEvent(ended(asked("sum(" + i), 4, Cause.BAD_DATA, Phase.PLANNING, "parse error"));
            // Failures that come together count once.
            await(query, SignalKind.FAILED);
            int seen = i + 1;
            Awaitility.await()
                    .atMost(SOON)
                    .until(() -> query("SELECT sample_count FROM scheduler.failure_signature_learning")
                            .equals(List.of("" + seen)));
        }
        assertThat(query("SELECT concat_ws('|', pattern->>'phase', pattern->>'error_code', outcome->>'likely_cause')"
                        + " FROM scheduler.failure_signatures"))
                .containsExactly("fetch|storage|an object is gone");
        AskedQuery query = asked("max(down)");
        feed.onEvent(ended(query, 40, Cause.STORAGE, Phase.WORKING, "an object is gone"));
        assertThat(json(await(query, SignalKind.FAILED).diagnostics())
                        .path("signal_source")
                        .asText())
                .isEqualTo("failure_index");
    }

    @Test
    void aTimeoutIsAnEventOfItsOwnAndACancellationIsNone() {
        QueryFeed feed = start();
        feed.onEvent(ended(asked("a"), 40, Cause.TIMEOUT, Phase.WORKING, "late"));
        feed.onEvent(ended(asked("b"), 40, Cause.CANCELED, Phase.WORKING, "asked for"));
        awaitHistory(2);
        Awaitility.await()
                .atMost(SOON)
                .until(() ->
                        query("SELECT event_type FROM scheduler.ttfs_events").size() == 1);
        assertThat(query("SELECT event_type FROM scheduler.ttfs_events")).containsExactly("signal.timeout");
        assertThat(query("SELECT status FROM public.promql_query_runs ORDER BY 1"))
                .containsExactly("canceled", "failed");
    }

    @Test
    void aQueryWaitsForWorkersThatDoNotAccept() throws Exception {
        QueryFeed feed = start();
        AskedQuery query = asked("up");
        feed.onEvent(queued(query));
        feed.onEvent(advanced(query, 3, Phase.WORKING));
        await(query, SignalKind.PHASE);
        workers.set(new WorkerCount(2, 0));
        assertThat(await(query, SignalKind.BLOCKED).summary()).contains("none of the 2 accepts work");
        workers.set(new WorkerCount(2, 1));
        await(query, SignalKind.PHASE);
        feed.onEvent(firstResult(query, 4));
        feed.onEvent(done(query, 5));
        await(query, SignalKind.SUCCEEDED);
        feed.close();
        assertThat(query("SELECT event_type FROM scheduler.ttfs_events ORDER BY id"))
                .as("a result that had to wait for workers")
                .containsExactly("signal.cold_start", "signal.rendered");
    }

    @Test
    void whileTheDatabaseIsGoneMemoryIsBoundedAndThenAllGoesOn() {
        QueryFeed feed = start(settings(50), true);
        database.setFailing(true);
        long start = System.nanoTime();
        for (int i = 0; i < 5_000; i++) {
            AskedQuery query = asked("up{i='" + i + "'}");
            feed.onEvent(queued(query));
            feed.onEvent(done(query, 5));
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .as("the queries' side waits for nobody")
                .isLessThan(Duration.ofSeconds(5));
        Awaitility.await()
                .atMost(SOON)
                .until(() -> registry.get("weir.feed.failures").counter().count() > 2);
        assertThat(registry.get("weir.feed.waiting").gauge().value()).isLessThanOrEqualTo(50);
        double dropped = count("weir.feed.dropped", "history");
        assertThat(dropped).isBetween(4_000.0, 4_999.0);
        assertThat(count("weir.feed.dropped", "snapshot")).isGreaterThanOrEqualTo(dropped);
        assertThat(query("SELECT query_id FROM public.promql_query_runs")).isEmpty();

        database.setFailing(false);
        awaitHistory(5_000 - (int) dropped);
        AskedQuery query = asked("back");
        feed.onEvent(done(query, 5));
        await(query, SignalKind.SUCCEEDED);
        assertThat(query("SELECT query_id FROM public.promql_query_runs WHERE query_text = 'back'"))
                .hasSizeLessThanOrEqualTo(1);
        assertThat(count("weir.feed.dropped", "history")).isEqualTo(dropped);
    }

    @Test
    void aDatabaseThatHangsDoesNotHoldTheStop() {
        QueryFeed feed = start(settings(50, 1_000), true);
        CountDownLatch gate = new CountDownLatch(1);
        database.setGate(gate);
        for (int i = 0; i < 200; i++) {
            feed.onEvent(done(asked("up{i='" + i + "'}"), 5));
        }
        long start = System.nanoTime();
        feed.close();
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start))
                .as("history-close-millis-max is 1 s")
                .isLessThan(4_000);
        Awaitility.await().atMost(SOON).until(() -> count("weir.feed.dropped", "history") == 200);
        assertThat(registry.get("weir.feed.waiting").gauge().value()).isZero();
    }

    @Test
    void aStopWritesWhatIsLeft() {
        QueryFeed feed = start();
        for (int i = 0; i < 2_000; i++) {
            feed.onEvent(done(asked("up{i='" + i % 10 + "'}"), 5));
        }
        feed.close();
        assertThat(query("SELECT query_id FROM public.promql_query_runs")).hasSize(2_000);
        assertThat(query("SELECT job_id FROM scheduler.first_signal_snapshots")).hasSize(2_000);
        feed.onEvent(queued(asked("late")));
        assertThat(count("weir.feed.dropped", "snapshot")).isEqualTo(1);
    }

    @Test
    void aRowThatIsRefusedCostsNoOther() {
        QueryFeed feed = start(settings(10_000), false);
        CountDownLatch gate = new CountDownLatch(1);
        database.setGate(gate);
        feed.onEvent(done(asked("one"), 5));
        feed.onEvent(done(asked("bad", new QueryOrigin("nowhere", "", null, null, null, null, null, null)), 5));
        feed.onEvent(done(asked("two"), 5));
        gate.countDown();
        awaitHistory(2);
        Awaitility.await().atMost(SOON).until(() -> count("weir.feed.dropped", "history") == 1);
        assertThat(query("SELECT query_text FROM public.promql_query_runs ORDER BY 1"))
                .containsExactly("one", "two");
        assertThat(query("SELECT job_id FROM scheduler.first_signal_snapshots"))
                .as("first signals are off")
                .isEmpty();
    }

    @Test
    void textsThatTheDatabaseCannotKeepAreMended() {
        QueryFeed feed = start();
        AskedQuery query = asked("a\0b\uD800c" + "x".repeat(20_000));
        feed.onEvent(ended(query, 4, Cause.BAD_DATA, Phase.PLANNING, "near \0 and \uDC00"));
        await(query, SignalKind.FAILED);
        awaitHistory(1);
        assertThat(query("SELECT query_text FROM public.promql_query_runs").getFirst())
                .hasSize(16_384)
                .startsWith("a\uFFFDb\uFFFDcx");
        assertThat(query("SELECT error_message FROM public.promql_query_runs"))
                .containsExactly("near \uFFFD and \uFFFD");
    }

    @Test
    void anIdThatIsUsedAgainChangesNothing() {
        QueryFeed feed = start();
        AskedQuery query = asked("up");
        feed.onEvent(done(query, 5));
        await(query, SignalKind.SUCCEEDED);
        awaitHistory(1);
        AskedQuery again = new AskedQuery(
                query.queryId(), "other", "up", "range", null, QueryOrigin.UNKNOWN, query.startMillis(), 7);
        feed.onEvent(queued(again));
        feed.onEvent(done(again, 5));
        Awaitility.await()
                .atMost(SOON)
                .until(() -> registry.get("weir.feed.refused").counter().count() > 0);
        feed.close();
        assertThat(snapshot(query).orElseThrow().kind()).isEqualTo(SignalKind.SUCCEEDED);
        assertThat(query("SELECT tenant_id FROM public.promql_query_runs")).containsExactly("acme");
    }
}
