package io.weir.eventstats.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.eventstats.retention.Retention;
import io.weir.eventstats.retention.Retention.Attempt;
import io.weir.eventstats.retention.RetentionRun;
import io.weir.eventstats.retention.RetentionRun.Origin;
import io.weir.eventstats.retention.RetentionSettings;
import io.weir.eventstats.signal.TenantIds;
import io.weir.eventstats.testkit.TestingTelemetry;
import io.weir.eventstats.testkit.TestingTelemetry.Answer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.ds.PGSimpleDataSource;

/** A million events: how quickly they come in, are summed up and go. Prints its figures; row 14 of checklist D3. */
@Tag("slow")
final class TelemetryLoadTest {
    private static final int EVENTS = 1_000_000;
    private static final int TENANTS = 10;
    private static final int DAYS = 120;
    /** As the setting has it. */
    private static final int RETAINED_DAYS = 90;

    private static void figure(String name, double value, String unit) {
        System.out.printf("figure: %s %.1f %s%n", name, value, unit);
    }

    private static double seconds(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    @Test
    void aMillionEventsAreLoadedSummedUpAndRemoved() throws Exception {
        try (TestingTelemetry api = new TestingTelemetry(new TelemetrySettings(
                1_000,
                4 << 20,
                300_000,
                744,
                400,
                new RollupSettings(3_600_000, 20_000),
                TelemetrySettings.DEFAULT.signature(),
                TelemetrySettings.DEFAULT.retention()))) {
            copy(api);
            inserts(api);
            rollUp(api);
            summaries(api);
            removal(api);
        }
    }

    private static void copy(TestingTelemetry api) throws Exception {
        Random random = new Random(42);
        Instant now = Instant.now();
        long start = System.nanoTime();
        try (Connection connection = api.connection()) {
            CopyIn copy = connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("COPY scheduler.ttfs_events (ts, tenant_id, job_id, surface, event_type, ttfs_ms,"
                            + " cache_hit) FROM STDIN");
            StringBuilder rows = new StringBuilder();
            for (int i = 0; i < EVENTS; i++) {
                int age = random.nextInt(DAYS * 86_400);
                // None that grows too old while the test runs: what is to be removed would change under its eyes.
                boolean isAtTheEdge = Math.abs(age - RETAINED_DAYS * 86_400) < 3_600;
                rows.append(now.minusSeconds(isAtTheEdge ? age - 7_200 : age))
                        .append('\t')
                        .append(TenantIds.of("T" + i % TENANTS))
                        .append('\t')
                        .append(new UUID(random.nextLong(), random.nextLong()))
                        .append(i % 3 == 0 ? "\tui\t" : "\tcli\t")
                        .append(i % 50 == 0 ? "signal.error\t" : "signal.rendered\t")
                        .append((int) Math.exp(5.5 + random.nextGaussian()))
                        .append(i % 4 == 0 ? "\tf\n" : "\tt\n");
                if (rows.length() > 60_000 || i == EVENTS - 1) {
                    byte[] bytes = rows.toString().getBytes(StandardCharsets.UTF_8);
                    copy.writeToCopy(bytes, 0, bytes.length);
                    rows.setLength(0);
                }
            }
            assertThat(copy.endCopy()).isEqualTo(EVENTS);
        }
        figure("COPY of a million events with their sums", EVENTS / seconds(start), "events/s");
        figure(
                "sums of them that wait",
                Double.parseDouble(api.one("SELECT count(*) FROM scheduler.ttfs_rollup_deltas")),
                "rows");
    }

    /** Batches of 1000 through the API's store, with and without the trigger that adds up. */
    private static void inserts(TestingTelemetry api) throws Exception {
        for (String trigger : List.of("DISABLE", "ENABLE")) {
            api.execute("ALTER TABLE scheduler.ttfs_events " + trigger + " TRIGGER ttfs_events_add_deltas");
            String body = "[" + String.join(",", Collections.nCopies(1_000, event())) + "]";
            long start = System.nanoTime();
            for (int i = 0; i < 50; i++) {
                assertThat(api.post("/api/v1/ttfs/events", "load" + trigger, body)
                                .status())
                        .isEqualTo(202);
            }
            figure("POST of 1000 events at once, trigger " + trigger + "D", 50_000 / seconds(start), "events/s");
        }
    }

    private static String event() {
        return "{\"job_id\":\"0190f5fe-7c00-7000-8000-000000000001\",\"surface\":\"ui\",\"event_type\":\"signal.rendered\","
            + "\"ttfs_ms\":" + 850 + "}";
    }

    private static void rollUp(TestingTelemetry api) throws Exception {
        Rollups rollups = new Rollups(api.pool(), 20_000);
        long start = System.nanoTime();
        int batches = 1;
        while (rollups.move()) {
            batches++;
        }
        figure("moving the sums into hours and days", seconds(start), "s");
        figure("transactions of it", batches, "");
        figure("rows by hour", Double.parseDouble(api.one("SELECT count(*) FROM scheduler.ttfs_rollup_hours")), "rows");
        figure("rows by day", Double.parseDouble(api.one("SELECT count(*) FROM scheduler.ttfs_rollup_days")), "rows");
        // 50,000 were inserted while the trigger was off.
        assertThat(api.one("SELECT sum(event_count) FROM scheduler.ttfs_rollup_hours"))
                .isEqualTo(Integer.toString(EVENTS + 50_000));
        api.execute("ANALYZE scheduler.ttfs_rollup_hours");
        api.execute("ANALYZE scheduler.ttfs_rollup_days");
        api.execute("ANALYZE scheduler.ttfs_events");
    }

    private static void summaries(TestingTelemetry api) throws Exception {
        for (String path : List.of(
                "/api/v1/ttfs/summary",
                "/api/v1/ttfs/summary?from=" + Instant.now().minus(Duration.ofDays(30)),
                "/api/v1/ttfs/summary?granularity=day",
                "/api/v1/ttfs/summary?granularity=day&from=" + Instant.now().minus(Duration.ofDays(120)),
                "/api/v1/ttfs/slo-breaches")) {
            double[] millis = new double[20];
            int rows = 0;
            for (int i = 0; i < millis.length; i++) {
                long start = System.nanoTime();
                Answer answer = api.get(path, "T" + i % TENANTS);
                millis[i] = seconds(start) * 1_000;
                assertThat(answer.status()).as(answer.body()).isEqualTo(200);
                JsonNode list = answer.data().get("rows");
                assertThat(list).isNotEmpty();
                rows = list.size();
            }
            Arrays.sort(millis);
            String name = path.replaceAll("T.*", "");
            figure("median of " + name + " (" + rows + " rows)", millis[10], "ms");
            figure("slowest of 20", millis[19], "ms");
            assertThat(millis[10]).isLessThan(5_000);
        }
        long start = System.nanoTime();
        api.rows("SELECT * FROM scheduler.ttfs_daily_summary WHERE tenant_id = '" + TenantIds.of("T1") + "'");
        figure("the seed's daily view, for comparison", seconds(start) * 1_000, "ms");
    }

    /** Two processes at once, while events come in and somebody watches the locks. */
    private static void removal(TestingTelemetry api) throws Exception {
        String old =
                "SELECT count(*) FROM scheduler.ttfs_events WHERE ts < now() - INTERVAL '" + RETAINED_DAYS + " days'";
        long expected = Long.parseLong(api.one(old));
        assertThat(expected).isGreaterThan(EVENTS / 5);
        AtomicBoolean running = new AtomicBoolean(true);
        AtomicLong longestInsertNanos = new AtomicLong();
        AtomicLong longestLockMillis = new AtomicLong();
        AtomicLong inserted = new AtomicLong();
        List<Callable<Attempt>> processes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Retention process = retention(api);
            processes.add(() -> process.run(Origin.REQUEST, () -> false));
        }
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> writer = executor.submit(() -> {
                String body = "[" + String.join(",", Collections.nCopies(100, event())) + "]";
                while (running.get()) {
                    long start = System.nanoTime();
                    assertThat(api.post("/api/v1/ttfs/events", "writer", body).status())
                            .isEqualTo(202);
                    longestInsertNanos.accumulateAndGet(System.nanoTime() - start, Math::max);
                    inserted.addAndGet(100);
                }
                return null;
            });
            Future<?> watcher = executor.submit(() -> {
                while (running.get()) {
                    longestLockMillis.accumulateAndGet(
                            Long.parseLong(
                                    api.one("SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)"
                                            + " * 1000), 0)::bigint FROM pg_locks WHERE NOT granted")),
                            Math::max);
                    Thread.sleep(50);
                }
                return null;
            });
            long start = System.nanoTime();
            long removed = 0;
            for (Future<Attempt> process : executor.invokeAll(processes)) {
                if (process.get() instanceof Attempt.Ran(RetentionRun run)) {
                    assertThat(run.outcome()).isEqualTo(RetentionRun.Outcome.COMPLETE);
                    removed += Objects.requireNonNull(run.rowsByTable().get("scheduler.ttfs_events"));
                }
            }
            double seconds = seconds(start);
            running.set(false);
            writer.get();
            watcher.get();
            assertThat(removed).isEqualTo(expected);
            assertThat(api.one(old)).isEqualTo("0");
            assertThat(inserted.get()).isPositive();
            figure("retention removes " + removed + " events", seconds, "s");
            figure("that is", removed / seconds, "rows/s");
            figure("longest POST meanwhile", longestInsertNanos.get() / 1e6, "ms");
            figure("events posted meanwhile", inserted.get() / seconds, "events/s");
            figure("longest wait for a lock meanwhile", longestLockMillis.get(), "ms");
            assertThat(longestLockMillis.get()).isLessThan(1_000);
        }
    }

    private static Retention retention(TestingTelemetry api) {
        PGSimpleDataSource connections = new PGSimpleDataSource();
        connections.setURL(api.database().jdbcUrl());
        connections.setUser(api.database().user());
        connections.setPassword(api.database().password());
        return new Retention(
                RetentionSettings.DEFAULT,
                connections,
                (createdBefore, rowsMax) -> 0,
                new SimpleMeterRegistry(),
                Clock.systemUTC());
    }
}
