package io.weir.precompute.http;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.precompute.TestingDatabase;
import io.weir.precompute.metrics.FeedbackMetrics;
import io.weir.precompute.metrics.TickMetrics;
import io.weir.precompute.schedule.TestingTickSource;
import io.weir.precompute.schedule.TickScheduler;
import io.weir.precompute.schedule.TickSettings;
import io.weir.precompute.source.SourceException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Jobs made over HTTP that really tick: registry on PostgreSQL, scheduler, results. Only the source is told what to answer. */
final class TickingJobsTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static TestingDatabase database;

    private final TestingTickSource source = new TestingTickSource();
    private final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private TestingJobsApi api;
    private TickScheduler scheduler;

    @BeforeAll
    static void createDatabase() throws Exception {
        database = TestingDatabase.create();
    }

    @AfterAll
    static void closeDatabase() throws Exception {
        database.close();
    }

    @BeforeEach
    void start() {
        api = TestingJobsApi.start(database);
        TickSettings settings = new TickSettings(10, 200, 0, 10, 200, 64, 16, 10_000, 3, 100, 100);
        scheduler = TickScheduler.start(new TickScheduler.Parts(
                settings,
                source,
                api.results(),
                api.registry(),
                new FeedbackMetrics(metrics),
                new TickMetrics(metrics, 100, System::currentTimeMillis, api.results()),
                System::currentTimeMillis,
                System::nanoTime,
                api.registry()::abandon));
        api.begin(scheduler);
    }

    @AfterEach
    void close() throws Exception {
        for (JsonNode job : api.jobs()) {
            api.delete(job.get("job_id").asText());
        }
        scheduler.close();
        api.close();
    }

    private static ConditionFactory within(int seconds) {
        return await().atMost(Duration.ofSeconds(seconds)).pollInterval(Duration.ofMillis(50));
    }

    private static ObjectNode body(String granularity) {
        return MAPPER.createObjectNode()
                .put("query", "quantile_over_time(0.99, latency{service=\"web\"}[5m])")
                .put("granularity", granularity)
                .put("source", "lake://")
                .put("sketch_type", "ddsketch")
                .put("store_path", "precomputed/latency/p99/5m");
    }

    private String created(ObjectNode body) throws Exception {
        HttpResponse<String> response = api.post(body);
        assertEquals(200, response.statusCode(), response.body());
        return TestingJobsApi.json(response).get("job_id").asText();
    }

    private JsonNode job() throws Exception {
        JsonNode jobs = api.jobs();
        assertEquals(1, jobs.size(), () -> jobs.toString());
        return jobs.get(0);
    }

    private HttpResponse<String> result() throws Exception {
        return api.get(TestingJobsApi.RESULTS + "precomputed/latency/p99/5m");
    }

    /** D1 15: once it is deleted nothing is fetched, counted or served under its name. */
    @Test
    void aDeletedJobStops() throws Exception {
        String id = created(body("1s"));
        within(5).until(() -> source.ticksOf(id).size() >= 2);
        HttpResponse<String> deleted = api.delete(id);
        int fetches = source.fetches.size();
        assertEquals(204, deleted.statusCode());
        assertEquals("", deleted.body());
        assertEquals(0, api.jobs().size());
        Thread.sleep(3_300);
        assertEquals(fetches, source.fetches.size());
        assertFalse(metrics.scrape().contains(id));
        assertEquals(List.of(id), List.copyOf(source.forgotten));
    }

    /** D1 17: the reply comes at once, and nothing is written after it, though the source finishes. */
    @Test
    void deletingDuringATickCancelsIt() throws Exception {
        AtomicBoolean interrupted = new AtomicBoolean();
        source.behaviour = (job, toMillis, deadline) -> {
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                interrupted.set(true);
            }
            // It takes its time to see that, and answers nevertheless.
            Thread.sleep(1_000);
            return TestingTickSource.batch(1, 1);
        };
        String id = created(body("10s"));
        within(5).until(() -> source.ticksOf(id).size() == 1);
        long start = System.nanoTime();
        assertEquals(204, api.delete(id).statusCode());
        long millis = (System.nanoTime() - start) / 1_000_000;
        assertTrue(millis <= 1_000, "DELETE took " + millis + " ms");
        within(5).until(() -> source.forgotten.contains(id));
        assertTrue(interrupted.get());
        assertEquals(404, result().statusCode());
        assertEquals(
                List.of("0"),
                database.query("select count(*) from " + resultsTable() + " where job_id = '" + id + "'"));
    }

    private static String resultsTable() throws Exception {
        return database.query("select table_schema || '.' || table_name from information_schema.tables"
                        + " where table_name like 'precompute%result%'")
                .getFirst();
    }

    /** D1 21. */
    @Test
    @Tag("slow")
    void tenTicksInTwentySecondsAtTwo() throws Exception {
        String id = created(body("2s"));
        Thread.sleep(20_000);
        List<Long> ticks = source.ticksOf(id);
        assertTrue(ticks.size() >= 9 && ticks.size() <= 11, () -> "fetches " + ticks);
        for (int i = 0; i < ticks.size(); i++) {
            assertEquals(ticks.getFirst() + i * 2_000L, ticks.get(i), "a tick is missing or runs twice");
        }
        assertEquals(0, ticks.getFirst() % 2_000);
        assertEquals(1, source.atATimeMax.get());
        JsonNode job = job();
        assertEquals("active", job.get("status").asText());
        assertEquals(0, Instant.parse(job.get("last_run_at").asText()).toEpochMilli() % 2_000);
        assertEquals(ticks.size(), job.get("runs").asLong(), 1);
        assertEquals(0, job.get("skipped").asLong());
    }

    /** D1 22. */
    @Test
    void aSourceThatStallsSkipsTicks() throws Exception {
        AtomicBoolean first = new AtomicBoolean(true);
        source.behaviour = (job, toMillis, deadline) -> {
            if (first.getAndSet(false)) {
                Thread.sleep(5_000);
            }
            return TestingTickSource.batch(1, 1);
        };
        String id = created(body("2s"));
        within(12).until(() -> source.ticksOf(id).size() >= 2);
        List<Long> ticks = source.ticksOf(id);
        long missed = (ticks.get(1) - ticks.get(0)) / 2_000 - 1;
        assertTrue(missed == 2 || missed == 3, () -> "fetches " + ticks);
        within(5).until(() -> job().get("skipped").asLong() == missed);
        assertEquals(1, source.atATimeMax.get());
    }

    /** D1 36. */
    @Test
    void aJobEndsAtItsTime() throws Exception {
        long end = System.currentTimeMillis() + 5_000;
        String id =
                created(body("1s").put("valid_until", Instant.ofEpochMilli(end).toString()));
        within(4).until(() -> result().statusCode() == 200);
        within(8).until(() -> System.currentTimeMillis() >= end);
        assertEquals(404, result().statusCode());
        within(5).until(() -> job().get("status").asText().equals("expired"));
        int fetches = source.ticksOf(id).size();
        assertTrue(fetches >= 4, "fetches " + fetches);
        Thread.sleep(2_200);
        assertEquals(fetches, source.ticksOf(id).size());
        assertTrue(source.fetches.stream().allMatch(fetch -> fetch.toMillis() <= end));
    }

    /** D1 12, 27 and 38: what the source does wrong is counted and shown, and the old result stays. */
    @Test
    void failedPullsAreCountedAndKeepTheOldResult() throws Exception {
        String id = created(body("1s"));
        within(5).until(() -> result().statusCode() == 200);
        source.behaviour = (job, toMillis, deadline) -> {
            throw new SourceException(SourceException.Cause.BAD_DATA, "a sketch of version 9");
        };
        within(8).until(() -> job().get("status").asText().equals("failing"));
        // Nothing runs any more, so nothing is counted between two looks.
        scheduler.disown(id);
        JsonNode failing = job();
        assertEquals("a sketch of version 9", failing.get("last_error").asText());
        assertEquals(200, result().statusCode());
        assertEquals(failing.get("runs").asDouble(), metric("asapquery_precompute_job_duration_seconds_count"));
        assertEquals(failing.get("failures").asDouble(), metric("asapquery_precompute_sketch_pull_errors_total"));
    }

    /** D1 28, the scheduler's part: a gap is no answer, and no zero. */
    @Test
    void aWindowThatIsNotCoveredGivesNoResult() throws Exception {
        source.behaviour = (job, toMillis, deadline) -> TestingTickSource.batch(0.8);
        String id = created(body("1s"));
        within(6)
                .until(() -> source.ticksOf(id).size() >= 3 && job().get("runs").asLong() >= 2);
        assertEquals(404, result().statusCode());
        JsonNode job = job();
        assertTrue(job.get("last_error").asText().contains("80.0 %"), job.toString());
        source.behaviour = (now, toMillis, deadline) -> TestingTickSource.batch(1, 5);
        within(5).until(() -> result().statusCode() == 200);
        assertEquals("active", job().get("status").asText());
    }

    /** D1 41: deleted and made again, with the result of before until the first of its own. */
    @Test
    void aJobMadeAnewHasItsResultAtOnce() throws Exception {
        String before = created(body("10s"));
        within(5).until(() -> result().statusCode() == 200);
        source.behaviour = (job, toMillis, deadline) -> {
            Thread.sleep(60_000);
            return TestingTickSource.batch(1, 1);
        };
        assertEquals(204, api.delete(before).statusCode());
        String after = created(body("10s"));
        assertFalse(before.equals(after));
        for (int i = 0; i < 20; i++) {
            HttpResponse<String> answer = result();
            assertEquals(200, answer.statusCode(), answer.body());
            Thread.sleep(50);
        }
        assertEquals(1, source.ticksOf(after).size());
    }

    /** D1 44, the scheduler's part: ticks and answers go on from memory. */
    @Test
    void ticksGoOnWithoutTheDatabase() throws Exception {
        String id = created(body("1s"));
        within(5).until(() -> result().statusCode() == 200);
        database.cut();
        try {
            int fetches = source.ticksOf(id).size();
            within(8).until(() -> source.ticksOf(id).size() >= fetches + 3);
            assertEquals(200, result().statusCode());
            HttpResponse<String> refused = api.post(body("1s").put("store_path", "elsewhere"));
            assertEquals(503, refused.statusCode());
            assertTrue(refused.headers().firstValue("Retry-After").isPresent());
        } finally {
            database.mend();
        }
        within(15)
                .until(() -> api.get(TestingJobsApi.JOBS).statusCode() == 200
                        && !api.get(TestingJobsApi.JOBS).body().contains("warning"));
        int fetches = source.ticksOf(id).size();
        within(8).until(() -> source.ticksOf(id).size() > fetches);
    }

    private double metric(String name) {
        return metrics.scrape()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElse(Double.NaN);
    }
}
