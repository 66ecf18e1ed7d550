package io.weir.eventstats.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.eventstats.retention.Retention.Attempt;
import io.weir.eventstats.retention.RetentionRun.Origin;
import io.weir.eventstats.retention.RetentionRun.Outcome;
import io.weir.eventstats.signal.store.PostgresSnapshotStore;
import io.weir.eventstats.telemetry.TelemetrySettings;
import io.weir.eventstats.testkit.TestingTelemetry;
import io.weir.eventstats.testkit.TestingTelemetry.Answer;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/** Removal of old rows: rows 13 and 14 of checklist D3, small; {@code TelemetryLoadTest} has the million. */
final class RetentionTest {
    private static final String PATH = "/api/v1/ttfs/retention";
    private static final String TENANT = "11111111-1111-4111-8111-111111111111";

    @SuppressWarnings("NullAway.Init")
    private static TestingTelemetry api;

    @BeforeAll
    static void start() throws Exception {
        api = new TestingTelemetry(TelemetrySettings.DEFAULT);
    }

    @AfterAll
    static void stop() throws Exception {
        api.close();
    }

    @BeforeEach
    void empty() throws Exception {
        api.execute("TRUNCATE scheduler.ttfs_events, scheduler.first_signal_snapshots, scheduler.runs,"
                + " scheduler.failure_signatures, scheduler.failure_signature_learning, scheduler.ttfs_rollup_hours,"
                + " scheduler.ttfs_rollup_days, scheduler.ttfs_rollup_deltas, scheduler.ttfs_event_batches,"
                + " public.promql_query_runs, scheduler.ttfs_retention_runs");
    }

    private static RetentionSettings settings(int batchRows) {
        RetentionSettings defaults = RetentionSettings.DEFAULT;
        return new RetentionSettings(
                true,
                defaults.intervalMillis(),
                batchRows,
                defaults.runMillisMax(),
                defaults.lockMillisMax(),
                90,
                24,
                30,
                0.3,
                400,
                90,
                24);
    }

    private static Retention retention(RetentionSettings settings, Clock clock) {
        PGSimpleDataSource connections = new PGSimpleDataSource();
        connections.setURL(api.database().jdbcUrl());
        connections.setUser(api.database().user());
        connections.setPassword(api.database().password());
        return new Retention(
                settings,
                connections,
                new PostgresSnapshotStore(api.pool())::removeEmptyRuns,
                new SimpleMeterRegistry(),
                clock);
    }

    private static Map<String, Long> run(int batchRows) {
        Attempt attempt = retention(settings(batchRows), Clock.systemUTC()).run(Origin.REQUEST, () -> false);
        assertThat(attempt).isInstanceOf(Attempt.Ran.class);
        RetentionRun run = ((Attempt.Ran) attempt).run();
        assertThat(run.outcome()).isEqualTo(Outcome.COMPLETE);
        return run.rowsByTable();
    }

    private static String event(String age) {
        return "INSERT INTO scheduler.ttfs_events (ts, tenant_id, job_id, surface, event_type, ttfs_ms) VALUES (now() -"
                + " INTERVAL '" + age + "', '" + TENANT + "', gen_random_uuid(), 'ui', 'signal.rendered', 5)";
    }

    private static String snapshot(String kind, String age) {
        return "INSERT INTO scheduler.first_signal_snapshots (job_id, tenant_id, kind, phase, summary, updated_at)"
                + " VALUES (gen_random_uuid(), '" + TENANT + "', '" + kind + "', 'analyze', '" + kind + " " + age
                + "', now() - INTERVAL '" + age + "')";
    }

    private static String signature(String confidence, String age) {
        return "INSERT INTO scheduler.failure_signatures (tenant_id, signature_hash, pattern, outcome, confidence,"
                + " updated_at) VALUES ('" + TENANT + "', '" + confidence + age + "', '{\"phase\":\"fetch\"}', '{}', "
                + confidence + ", now() - INTERVAL '" + age + "')";
    }

    @Test
    void exactlyTheRowsOfTheRulesAreRemoved() throws Exception {
        for (String age : List.of("89 days", "91 days")) {
            api.execute(event(age));
        }
        for (String age : List.of("23 hours", "25 hours")) {
            for (String kind : List.of("succeeded", "failed", "canceled", "unavailable", "started")) {
                api.execute(snapshot(kind, age));
            }
        }
        api.execute(signature("0.2", "31 days"));
        api.execute(signature("0.3", "31 days"));
        api.execute(signature("0.2", "29 days"));
        api.execute("INSERT INTO scheduler.ttfs_event_batches VALUES ('" + TENANT + "', 'old', 'x', 1, now() - INTERVAL"
                + " '25 hours'), ('" + TENANT + "', 'new', 'x', 1, now())");
        Map<String, Long> rows = run(5_000);
        assertThat(rows)
                .containsEntry("scheduler.ttfs_events", 1L)
                .containsEntry("scheduler.first_signal_snapshots", 4L)
                .containsEntry(RetentionStep.ORPHANS, 1L)
                .containsEntry("scheduler.failure_signatures (disabled)", 1L)
                .containsEntry("scheduler.ttfs_event_batches", 1L)
                .containsEntry("scheduler.ttfs_rollup_hours", 0L);
        assertThat(api.one("SELECT count(*) FROM scheduler.ttfs_events WHERE ts > now() - INTERVAL '90 days'"))
                .isEqualTo("1");
        assertThat(api.rows("SELECT signature_hash FROM scheduler.failure_signatures WHERE NOT enabled"))
                .containsExactly("0.231 days");
        // What ran for 25 hours without a word was kept, and has ended now; a day later it is gone.
        assertThat(api.rows("SELECT kind FROM scheduler.first_signal_snapshots WHERE summary = 'No signal for a"
                        + " long time'"))
                .containsExactly("unavailable");
        assertThat(api.one("SELECT count(*) FROM scheduler.first_signal_snapshots"))
                .isEqualTo("6");
        assertThat(run(5_000).values()).containsOnly(0L);
        Clock tomorrow = Clock.fixed(Instant.now().plus(Duration.ofHours(25)), ZoneOffset.UTC);
        assertThat(retention(settings(5_000), tomorrow).run(Origin.REQUEST, () -> false))
                .isInstanceOf(Attempt.Ran.class);
        assertThat(api.rows("SELECT kind FROM scheduler.first_signal_snapshots"))
                .containsExactly("unavailable"); // "started" of 23 hours ago, an orphan of that run.
    }

    @Test
    void anOrphanThatTheHistoryKnowsEndedAsItSaysAndListenersAreTold() throws Exception {
        api.execute(snapshot("phase", "30 hours"));
        api.execute(
                "INSERT INTO public.promql_query_runs (query_id, tenant_id, surface, kind, canonical_hash, query_text,"
                        + " started_at, ended_at, duration_ms, status, phase, work_units, samples_read, workers) SELECT"
                        + " job_id, 't', 'ui', 'range', 'h', 'up', now(), now(), 5, 'canceled', 'analyze', 1, 1, 1 FROM"
                        + " scheduler.first_signal_snapshots");
        try (Connection listener = api.connection();
                Statement statement = listener.createStatement()) {
            statement.execute("LISTEN ttfs_signal_update");
            assertThat(run(5_000)).containsEntry(RetentionStep.ORPHANS, 1L);
            statement.execute("SELECT 1");
            assertThat(Objects.requireNonNull(
                            listener.unwrap(PGConnection.class).getNotifications(5_000)))
                    .singleElement()
                    .satisfies(notification -> assertThat(notification.getParameter())
                            .contains("\"kind\" : \"canceled\"", "\"phase\" : \"analyze\"", TENANT));
        }
        assertThat(api.rows("SELECT kind FROM scheduler.first_signal_snapshots"))
                .containsExactly("canceled");
    }

    /** For random rows and batches, what is left is what one statement of the rule would leave. */
    @Test
    void forRandomRowsTheBatchesRemoveWhatTheRulesSay() throws Exception {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 4; round++) {
            empty();
            api.execute("INSERT INTO scheduler.ttfs_events (ts, tenant_id, job_id, surface, event_type, ttfs_ms)"
                    + " SELECT date_trunc('hour', now()) - (hashint4(i + " + random.nextInt(1_000_000)
                    + ") % 300) * INTERVAL"
                    + " '12 hours', '" + TENANT + "', gen_random_uuid(), 'ui', 'signal.rendered', i"
                    + " FROM generate_series(1, 700) AS i");
            List<String> kinds =
                    List.of("queued", "started", "phase", "blocked", "failed", "succeeded", "canceled", "unavailable");
            for (int i = 0; i < 60; i++) {
                api.execute(snapshot(kinds.get(random.nextInt(8)), (20 + random.nextInt(9)) + " hours"));
                api.execute(signature("0." + random.nextInt(10), (26 + random.nextInt(9)) + " days " + i + " minutes"));
            }
            String events = "SELECT count(*), coalesce(sum(ttfs_ms), 0) FROM scheduler.ttfs_events WHERE ts >="
                    + " now() - INTERVAL '90 days'";
            String snapshots =
                    "SELECT count(*) FROM scheduler.first_signal_snapshots WHERE NOT (updated_at < now() - INTERVAL"
                            + " '24 hours' AND kind IN ('succeeded', 'failed', 'canceled', 'unavailable'))";
            String signatures =
                    "SELECT count(*) FROM scheduler.failure_signatures WHERE NOT (confidence < 0.3 AND updated_at"
                            + " < now() - INTERVAL '30 days')";
            List<String> expected = List.of(api.one(events), api.one(snapshots), api.one(signatures));
            run(1 + random.nextInt(40));
            assertThat(List.of(
                            api.one("SELECT count(*), coalesce(sum(ttfs_ms), 0) FROM scheduler.ttfs_events"),
                            api.one("SELECT count(*) FROM scheduler.first_signal_snapshots"),
                            api.one("SELECT count(*) FROM scheduler.failure_signatures WHERE enabled")))
                    .as("seed=" + seed)
                    .isEqualTo(expected);
        }
    }

    @Test
    void severalProcessesRemoveEachRowOnceAndWaitForNobody() throws Exception {
        api.execute(
                "INSERT INTO scheduler.ttfs_events (ts, tenant_id, job_id, surface, event_type, ttfs_ms) SELECT now() -"
                        + " INTERVAL '100 days' + i * INTERVAL '1 second', '" + TENANT + "', gen_random_uuid(), 'ui',"
                        + " 'signal.rendered', i FROM generate_series(1, 5000) AS i");
        try (Connection holder = api.connection();
                Statement statement = holder.createStatement();
                ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            holder.setAutoCommit(false);
            // Somebody else holds ten of the rows.
            statement.execute("SELECT 1 FROM scheduler.ttfs_events ORDER BY id LIMIT 10 FOR UPDATE");
            List<Callable<Attempt>> runs = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Retention process = retention(settings(50), Clock.systemUTC());
                runs.add(() -> process.run(Origin.REQUEST, () -> false));
            }
            long removed = 0;
            int busy = 0;
            for (Future<Attempt> run : executor.invokeAll(runs)) {
                switch (run.get()) {
                    case Attempt.Ran(RetentionRun ran) ->
                        removed += Objects.requireNonNull(ran.rowsByTable().get("scheduler.ttfs_events"));
                    case Attempt.Busy none -> busy++;
                    case Attempt.NotDue none -> throw new AssertionError("a request is always due");
                }
            }
            assertThat(removed).isEqualTo(4_990);
            assertThat(busy).isLessThan(3);
            holder.rollback();
        }
        assertThat(run(50)).containsEntry("scheduler.ttfs_events", 10L);
    }

    @Test
    void byScheduleTheProcessesTogetherRunOnceAnInterval() {
        Instant now = Instant.now();
        RetentionSettings settings = settings(100);
        assertThat(retention(settings, Clock.fixed(now, ZoneOffset.UTC)).run(Origin.SCHEDULE, () -> false))
                .isInstanceOf(Attempt.Ran.class);
        Clock soon = Clock.fixed(now.plusMillis(settings.intervalMillis() / 2), ZoneOffset.UTC);
        assertThat(retention(settings, soon).run(Origin.SCHEDULE, () -> false)).isInstanceOf(Attempt.NotDue.class);
        assertThat(retention(settings, soon).run(Origin.REQUEST, () -> false)).isInstanceOf(Attempt.Ran.class);
        Clock later = Clock.fixed(now.plusMillis(settings.intervalMillis()), ZoneOffset.UTC);
        assertThat(retention(settings, later).run(Origin.SCHEDULE, () -> false)).isInstanceOf(Attempt.Ran.class);
    }

    @Test
    void aRunEndsWhenItsTimeIsOverOrItsProcessEnds() throws Exception {
        api.execute(event("91 days"));
        Attempt stopped = retention(settings(1), Clock.systemUTC()).run(Origin.REQUEST, () -> true);
        assertThat(((Attempt.Ran) stopped).run().outcome()).isEqualTo(Outcome.PARTIAL);
        assertThat(api.one("SELECT count(*) FROM scheduler.ttfs_events")).isEqualTo("1");
        assertThat(Retention.last(api.pool()).orElseThrow().outcome()).isEqualTo(Outcome.PARTIAL);
        // A process that died in a run leaves it open; the next one closes it.
        api.execute("INSERT INTO scheduler.ttfs_retention_runs (started_at, origin, outcome) VALUES (now() - INTERVAL"
                + " '1 hour', 'schedule', 'running')");
        run(10);
        assertThat(api.one("SELECT count(*) FROM scheduler.ttfs_retention_runs WHERE outcome = 'failed'"))
                .isEqualTo("1");
    }

    @Test
    void anAdministratorRunsItOverHttpAndEverybodySeesWhatItDid() throws Exception {
        api.execute(event("91 days"));
        JsonNode before = api.get(PATH, "T1").data();
        assertThat(before.path("last_run").isNull()).as(before.toString()).isTrue();
        assertThat(before.at("/periods/event_days").asInt()).isEqualTo(90);
        assertThat(api.send("POST", PATH + "/run", "T1", null).status()).isEqualTo(401);
        Answer forbidden =
                api.send("POST", PATH + "/run", "T1", null, "Authorization", "Bearer " + api.token("somebody"));
        assertThat(forbidden.status()).isEqualTo(403);
        assertThat(forbidden.error()).contains("somebody", "admin");
        assertThat(api.one("SELECT count(*) FROM scheduler.ttfs_events")).isEqualTo("1");
        Answer accepted = api.send("POST", PATH + "/run", "T1", null, "Authorization", "Bearer " + api.token("admin"));
        assertThat(accepted.status()).as(accepted.body()).isEqualTo(202);
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(api.get(PATH, "T1")
                                .data()
                                .at("/last_run/outcome")
                                .asText())
                        .isEqualTo("complete"));
        JsonNode after = api.get(PATH, "T1").data();
        assertThat(after.at("/last_run/origin").asText()).isEqualTo("request");
        assertThat(after.at("/last_run/rows_by_table")
                        .get("scheduler.ttfs_events")
                        .asInt())
                .isEqualTo(1);
        assertThat(Instant.parse(after.path("next_run_at").asText()))
                .isAfter(Instant.now().minusSeconds(60));
        assertThat(api.registry().scrape())
                .contains("weir_retention_rows_total{table=\"scheduler.ttfs_events\"} 1.0")
                .contains("weir_retention_seconds_count{outcome=\"complete\"} 1");
        assertThat(api.send("GET", PATH, null, null).status()).isEqualTo(400);
        assertThat(api.send("DELETE", PATH, "T1", null).status()).isEqualTo(405);
    }
}
