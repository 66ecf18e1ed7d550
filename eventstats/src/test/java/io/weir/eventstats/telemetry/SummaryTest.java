package io.weir.eventstats.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.eventstats.signal.TenantIds;
import io.weir.eventstats.testkit.TestingTelemetry;
import io.weir.eventstats.testkit.TestingTelemetry.Answer;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Summaries and breaches over HTTP: rows 11, 12 and 23 of checklist D3, and the rollups against the events themselves. */
final class SummaryTest {
    private static final String PATH = "/api/v1/ttfs/summary";

    @SuppressWarnings("NullAway.Init")
    private static TestingTelemetry api;

    private final Instant hour = Instant.now().truncatedTo(ChronoUnit.HOURS).minus(Duration.ofHours(3));
    private final Rollups rollups = new Rollups(api.pool(), 50);

    @BeforeAll
    static void start() throws Exception {
        // The job sleeps: these tests say when sums move.
        api = new TestingTelemetry(new TelemetrySettings(
                1_000,
                1 << 20,
                300_000,
                744,
                400,
                new RollupSettings(3_600_000, 50),
                TelemetrySettings.DEFAULT.signature(),
                TelemetrySettings.DEFAULT.retention()));
    }

    @AfterAll
    static void stop() throws Exception {
        api.close();
    }

    @BeforeEach
    void empty() throws Exception {
        api.execute("TRUNCATE scheduler.ttfs_events, scheduler.ttfs_rollup_deltas, scheduler.ttfs_rollup_hours,"
                + " scheduler.ttfs_rollup_days");
    }

    private static String row(Instant time, UUID tenant, String surface, String type, int millis, boolean cacheHit) {
        return "('" + time + "', '" + tenant + "', gen_random_uuid(), '" + surface + "', '" + type + "', " + millis
                + ", " + cacheHit + ")";
    }

    private static String insert(List<String> rows) {
        return "INSERT INTO scheduler.ttfs_events (ts, tenant_id, job_id, surface, event_type, ttfs_ms, cache_hit)"
                + " VALUES " + String.join(", ", rows);
    }

    private static JsonNode rows(String path, String tenant) throws Exception {
        Answer answer = api.get(path, tenant);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.data().get("rows");
    }

    private void rollUp() {
        while (rollups.move()) {
            assertThat(rollups).isNotNull();
        }
    }

    @Test
    void theHoursNumbersAreThoseComputedByHandBeforeAndAfterTheRollup() throws Exception {
        List<String> events = new ArrayList<>();
        IntStream.rangeClosed(1, 10)
                .forEach(i -> events.add(
                        row(hour.plusSeconds(i), TenantIds.of("T1"), "ui", "signal.rendered", i * 100, false)));
        events.add(row(hour.plusSeconds(3_599), TenantIds.of("T1"), "ui", "signal.rendered", 6_000, false));
        api.execute(insert(events));
        for (int i = 0; i < 2; i++) {
            JsonNode summary = rows(PATH, "T1");
            assertThat(summary).hasSize(1);
            assertThat(summary.get(0).toString())
                    .isEqualTo("{\"hour\":\"" + hour + "\",\"surface\":\"ui\",\"cache_hit\":false,\"event_count\":11,"
                            + "\"avg_ms\":1045.455,\"p50_ms\":600,\"p95_ms\":3500,\"p99_ms\":5500,\"min_ms\":100,"
                            + "\"max_ms\":6000,\"over_p50_slo\":1,\"over_p95_slo\":1}");
            assertThat(rows("/api/v1/ttfs/slo-breaches", "T1").toString())
                    .isEqualTo("[{\"hour\":\"" + hour + "\",\"surface\":\"ui\",\"total_signals\":11,\"p50_breaches\":1,"
                            + "\"p95_breaches\":1,\"p50_compliance_pct\":90.91,\"p95_compliance_pct\":90.91}]");
            // The seed's views say the same.
            assertThat(api.rows("SELECT event_count, p50_ms, over_p50_slo, over_p95_slo FROM"
                            + " scheduler.ttfs_hourly_summary"))
                    .containsExactly("11|600|1|1");
            assertThat(api.rows("SELECT p50_compliance_pct FROM scheduler.ttfs_slo_breaches"))
                    .containsExactly("90.91");
            assertThat(api.rows("SELECT tenant_id, event_count, p50_ms, p95_ms FROM"
                            + " scheduler.ttfs_hourly_summary_by_tenant"))
                    .containsExactly(TenantIds.of("T1") + "|11|600|3500");
            rollUp();
            assertThat(api.one("SELECT count(*) FROM scheduler.ttfs_rollup_deltas"))
                    .isEqualTo("0");
        }
    }

    @Test
    void theDaysNumbersAreThoseComputedByHand() throws Exception {
        Instant day = Instant.now().truncatedTo(ChronoUnit.DAYS).minus(Duration.ofDays(2));
        UUID tenant = TenantIds.of("T1");
        api.execute(insert(List.of(
                row(day, tenant, "cli", "signal.rendered", 100, true),
                row(day.plusSeconds(5), tenant, "cli", "signal.rendered", 200, true),
                row(day.plusSeconds(50_000), tenant, "cli", "signal.rendered", 300, true),
                row(day.plusSeconds(86_399), tenant, "cli", "signal.error", 400, false))));
        for (int i = 0; i < 2; i++) {
            assertThat(rows(PATH + "?granularity=day", "T1").toString())
                    .isEqualTo(
                            "[{\"day\":\"" + day + "\",\"surface\":\"cli\",\"event_count\":4,\"avg_ms\":250,"
                                                 + "\"p50_ms\":250,\"p95_ms\":385,\"p99_ms\":397,\"cache_hit_rate\":0.75,\"error_count\":1}]");
            assertThat(api.rows("SELECT cache_hit_rate, error_count FROM scheduler.ttfs_daily_summary"))
                    .containsExactly("0.75|1");
            // Without the errors.
            assertThat(rows(PATH + "?granularity=day&event_type=signal.rendered", "T1")
                            .get(0)
                            .path("cache_hit_rate")
                            .asInt())
                    .isEqualTo(1);
            rollUp();
        }
    }

    @Test
    void aTenantSeesItsOwnNumbersAlone() throws Exception {
        api.execute(insert(List.of(
                row(hour, TenantIds.of("A"), "ui", "signal.rendered", 100, false),
                row(hour, TenantIds.of("B"), "ui", "signal.rendered", 9_000, true),
                row(hour, TenantIds.of("B"), "cli", "signal.rendered", 9_000, true))));
        for (int i = 0; i < 2; i++) {
            for (String path : List.of(PATH, PATH + "?granularity=day", "/api/v1/ttfs/slo-breaches")) {
                assertThat(rows(path, "A")).hasSize(1);
                assertThat(rows(path, "A").toString()).doesNotContain("9000");
                assertThat(rows(path, "B")).hasSize(2);
                assertThat(rows(path, "C")).isEmpty();
                assertThat(api.send("GET", path, null, null).status()).isEqualTo(400);
            }
            rollUp();
        }
    }

    @Test
    void parametersAreCheckedAndWindowsBounded() throws Exception {
        String day = "granularity=day";
        for (String wrong : List.of(
                "granularity=week",
                "surface=api",
                "event_type=foo",
                "from=yesterday",
                "to=1e9",
                "from=-1",
                "from=99999999999999",
                "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
                "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
                "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:01Z",
                day + "&from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
                "tenant=B",
                "surface=ui&surface=cli",
                "surface=%27%3B%20DROP%20TABLE%20x")) {
            Answer answer = api.get(PATH + "?" + wrong, "A");
            assertThat(answer.status()).as(wrong + " " + answer.body()).isEqualTo(400);
            assertThat(answer.json().path("errorType").asText()).isEqualTo("bad_data");
            assertThat(api.get("/api/v1/ttfs/slo-breaches?" + wrong, "A").status())
                    .as(wrong)
                    .isEqualTo(400);
        }
        Answer answer = api.get(PATH + "?surface=ui&from=2026-01-01T00:30:00Z&to=1767230000.5", "A");
        assertThat(answer.data().path("from").asText()).isEqualTo("2026-01-01T00:00:00Z");
        assertThat(answer.data().path("to").asText()).isEqualTo("2026-01-01T02:00:00Z");
        assertThat(answer.data().path("percentile_relative_error_max").asDouble())
                .isEqualTo(0.03125);
        assertThat(api.send("POST", PATH, "A", "{}").status()).isEqualTo(405);
    }

    /** For random events, in random batches, with rollups between: sums equal those of the events, percentiles are within the bound. */
    @Test
    void whateverIsInsertedTheRollupsEqualTheEvents() throws Exception {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        String[] types = {"signal.rendered", "signal.error", "signal.start"};
        UUID tenant = TenantIds.of("T1");
        for (int batch = 0; batch < 30; batch++) {
            List<String> events = new ArrayList<>();
            for (int i = 0; i <= random.nextInt(100); i++) {
                Instant time = hour.minusSeconds(random.nextInt(40 * 3_600));
                int millis = (int) Math.min(Integer.MAX_VALUE, Math.exp(random.nextDouble() * 21.5));
                events.add(row(
                        time,
                        random.nextInt(4) == 0 ? TenantIds.of("T2") : tenant,
                        random.nextBoolean() ? "ui" : "ci",
                        types[random.nextInt(3)],
                        random.nextInt(10) == 0 ? random.nextInt(70) : millis,
                        random.nextBoolean()));
            }
            api.execute(insert(events));
            if (random.nextInt(3) == 0) {
                rollups.move();
            }
        }
        compareWithEvents("seed=" + seed);
        rollUp();
        compareWithEvents("rolled up, seed=" + seed);
    }

    private static void compareWithEvents(String description) throws Exception {
        List<String> exact =
                api.rows("SELECT to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), surface,"
                        + " cache_hit, event_count, min_ms, max_ms, over_p50_slo, over_p95_slo, avg_ms, p50_ms, p95_ms,"
                        + " p99_ms FROM scheduler.ttfs_hourly_summary_by_tenant WHERE tenant_id = '"
                        + TenantIds.of("T1")
                        + "' ORDER BY 1, 2, 3");
        JsonNode rows = rows(PATH, "T1");
        assertThat(rows).as(description).hasSameSizeAs(exact).hasSizeGreaterThan(20);
        for (int i = 0; i < exact.size(); i++) {
            String[] columns = exact.get(i).split("\\|", -1);
            JsonNode row = rows.get(i);
            assertThat(row.path("hour").asText() + "|" + row.path("surface").asText() + "|"
                            + (row.path("cache_hit").asBoolean() ? "t" : "f") + "|" + row.path("event_count") + "|"
                            + row.path("min_ms") + "|" + row.path("max_ms") + "|" + row.path("over_p50_slo") + "|"
                            + row.path("over_p95_slo"))
                    .as(description)
                    .isEqualTo(String.join("|", List.of(columns).subList(0, 8)));
            assertThat(row.path("avg_ms").asDouble())
                    .as(description)
                    .isCloseTo(number(columns[8]), within(columns[8], 1e-6));
            for (int percentile = 0; percentile < 3; percentile++) {
                String text = columns[9 + percentile];
                String name = List.of("p50_ms", "p95_ms", "p99_ms").get(percentile);
                assertThat(row.path(name).asDouble())
                        .as(description + " " + name + " " + exact.get(i))
                        .isCloseTo(number(text), within(text, SummaryStore.RELATIVE_ERROR_MAX));
            }
        }
    }

    private static double number(String text) {
        return Double.parseDouble(text);
    }

    private static Offset<Double> within(String value, double relative) {
        return Offset.offset(number(value) * relative + 0.001);
    }

    @Test
    void anEventThatIsCommittedLateAndOutOfOrderIsNotLost() throws Exception {
        UUID tenant = TenantIds.of("T1");
        try (Connection slow = api.connection();
                Statement statement = slow.createStatement()) {
            slow.setAutoCommit(false);
            statement.execute(insert(List.of(row(hour, tenant, "ui", "signal.rendered", 10, false))));
            // Its id is greater, its commit earlier; both sums move before the first one is there.
            api.execute(insert(List.of(row(hour, tenant, "ui", "signal.rendered", 20, false))));
            rollUp();
            assertThat(rows(PATH, "T1").get(0).path("event_count").asInt()).isEqualTo(1);
            slow.commit();
        }
        assertThat(rows(PATH, "T1").get(0).path("event_count").asInt()).isEqualTo(2);
        rollUp();
        assertThat(rows(PATH, "T1").get(0).path("avg_ms").asInt()).isEqualTo(15);
        // 60 days late.
        api.execute(insert(List.of(row(hour.minus(Duration.ofDays(60)), tenant, "ui", "signal.rendered", 30, false))));
        rollUp();
        assertThat(rows(PATH + "?granularity=day", "T1")).hasSize(2);
        // What is rolled back is nowhere.
        try (Connection undone = api.connection();
                Statement statement = undone.createStatement()) {
            undone.setAutoCommit(false);
            statement.execute(insert(List.of(row(hour, tenant, "ui", "signal.rendered", 10, false))));
            undone.rollback();
        }
        rollUp();
        assertThat(rows(PATH, "T1").get(0).path("event_count").asInt()).isEqualTo(2);
    }

    @Test
    void rollupsOfSeveralProcessesBesideWritersMoveEverySumOnce() throws Exception {
        UUID tenant = TenantIds.of("T1");
        List<Thread> threads = new ArrayList<>();
        AtomicBoolean writing = new AtomicBoolean(true);
        Queue<Throwable> problems = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < 2; i++) {
            threads.add(Thread.startVirtualThread(() -> {
                Rollups other = new Rollups(api.pool(), 7);
                while (writing.get()) {
                    try {
                        other.move();
                    } catch (RuntimeException e) {
                        problems.add(e);
                    }
                }
            }));
        }
        for (int i = 0; i < 60; i++) {
            List<String> events = new ArrayList<>();
            for (int k = 0; k < 20; k++) {
                events.add(row(hour, tenant, "ui", "signal.rendered", (i * 20 + k) * 3, k % 2 == 0));
            }
            api.execute(insert(events));
            JsonNode rows = rows(PATH, "T1");
            // Complete at any time, while sums move.
            assertThat(rows.get(0).path("event_count").asInt()
                            + rows.get(1).path("event_count").asInt())
                    .isEqualTo((i + 1) * 20);
        }
        writing.set(false);
        for (Thread thread : threads) {
            assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
        }
        assertThat(problems).isEmpty();
        rollUp();
        assertThat(api.one("SELECT sum(event_count), sum(sum_ms) FROM scheduler.ttfs_rollup_hours"))
                .isEqualTo(api.one("SELECT count(*), sum(ttfs_ms) FROM scheduler.ttfs_events"));
        assertThat(api.one("SELECT sum(event_count), sum(sum_ms) FROM scheduler.ttfs_rollup_days"))
                .isEqualTo(api.one("SELECT count(*), sum(ttfs_ms) FROM scheduler.ttfs_events"));
    }

    @Test
    void theBucketsAreInOrderAndAsNarrowAsPromised() throws Exception {
        assertThat(api.one("SELECT count(*) FROM (SELECT scheduler.ttfs_bucket(v) AS b,"
                        + " lag(scheduler.ttfs_bucket(v)) OVER (ORDER BY v) AS before FROM"
                        + " generate_series(0, 200000) AS v) AS x WHERE b < before OR b > before + 1"))
                .isEqualTo("0");
        assertThat(api.one("SELECT count(*) FROM (SELECT scheduler.ttfs_bucket(v) AS b, min(v) AS least, max(v)"
                        + " AS greatest FROM generate_series(64, 1048575) AS v GROUP BY 1) AS x WHERE"
                        + " (greatest - least) * 32 >= least"))
                .isEqualTo("0");
        assertThat(api.one("SELECT scheduler.ttfs_bucket(2147483647), scheduler.ttfs_bucket(-5),"
                        + " scheduler.ttfs_bucket(63), scheduler.ttfs_bucket(64)"))
                .isEqualTo("863|-1|63|64");
    }

    @Test
    void theJobMovesSumsByItself() throws Exception {
        try (TestingTelemetry quick = new TestingTelemetry(new TelemetrySettings(
                1_000,
                1 << 20,
                300_000,
                744,
                400,
                new RollupSettings(100, 2),
                TelemetrySettings.DEFAULT.signature(),
                TelemetrySettings.DEFAULT.retention()))) {
            List<String> events = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                events.add(row(hour, TenantIds.of("T1"), "ui", "signal.rendered", i, false));
            }
            quick.execute(insert(events));
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(
                            () -> assertThat(quick.one("SELECT (SELECT count(*) FROM scheduler.ttfs_rollup_deltas),"
                                            + " (SELECT sum(event_count) FROM scheduler.ttfs_rollup_hours)"))
                                    .isEqualTo("0|10"));
            assertThat(quick.registry().scrape()).contains("weir_ttfs_rollup_failures_total 0.0");
        }
    }
}
