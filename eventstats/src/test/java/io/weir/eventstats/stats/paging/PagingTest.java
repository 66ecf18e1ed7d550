package io.weir.eventstats.stats.paging;

import static io.weir.eventstats.stats.TestingStats.RUNS;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.eventstats.stats.StatsSettings;
import io.weir.eventstats.stats.TestingStats;
import io.weir.eventstats.stats.TestingStats.Answer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pages of raw rows while others write: D2 17, and the same with random inserts. */
final class PagingTest {
    private static final long NOW = Instant.parse("2026-11-21T12:00:00Z").toEpochMilli();
    private static final AtomicLong CLOCK_MILLIS = new AtomicLong(NOW);

    @TempDir
    private static Path folder;

    private static EmbeddedPostgres postgres;
    private static TestingStats stats;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.start();
        InstantSource source = () -> Instant.ofEpochMilli(CLOCK_MILLIS.get());
        stats = new TestingStats(
                TestingStats.database(postgres), StatsSettings.DEFAULT, source.withZone(ZoneOffset.UTC), folder);
    }

    @AfterAll
    static void stop() throws Exception {
        stats.close();
        postgres.close();
    }

    @BeforeEach
    void empty() throws Exception {
        stats.empty();
        CLOCK_MILLIS.set(NOW);
    }

    private static void add(String event, String tenant, long start, int jobs) throws Exception {
        stats.run(event, tenant, "prod", "app", start);
        for (int i = 0; i < jobs; i++) {
            stats.job(event, "cat", "succeeded", start, start + 1, null);
        }
    }

    private static List<Long> ids(Answer answer) {
        List<Long> ids = new ArrayList<>();
        for (JsonNode row : answer.body().get("data")) {
            ids.add(row.get("internal_id").asLong());
        }
        return ids;
    }

    @Test
    void pagesByEventGatesCursor() throws Exception {
        add("e1", "T1", NOW - 1_000, 3);
        add("e2", "T1", NOW - 500, 2);
        Answer first = stats.post("A", RUNS, "{\"limit\":2}");
        assertThat(ids(first)).containsExactly(5L, 4L);
        assertThat(first.body().at("/pagination/cursor").isIntegralNumber()).isTrue();
        assertThat(first.body().at("/pagination/cursor").asLong()).isEqualTo(4);
        assertThat(first.body().at("/pagination/has_more").asBoolean()).isTrue();
        add("e3", "T1", NOW - 100, 2);
        Answer second = stats.post("A", RUNS, "{\"limit\":2,\"cursor\":4}");
        assertThat(ids(second)).containsExactly(3L, 2L);
        Answer third = stats.post("A", RUNS, "{\"limit\":2,\"cursor\":2}");
        assertThat(ids(third)).containsExactly(1L);
        assertThat(third.body().get("pagination").toString())
                .isEqualTo("{\"cursor\":null,\"has_more\":false,\"limit\":2,\"next\":null}");
    }

    /** With EventGate's cursor the default window moves; with ours it does not. */
    @Test
    void holdsTheWindowStill() throws Exception {
        long week = 7L * 86_400_000;
        add("e1", "T1", NOW - week + 10, 3);
        add("e2", "T1", NOW - 500, 2);
        Answer first = stats.post("A", RUNS, "{\"limit\":2}");
        CLOCK_MILLIS.addAndGet(60_000);
        String next = first.body().at("/pagination/next").asText();
        Answer second = stats.post("A", RUNS, "{\"limit\":50,\"cursor\":\"" + next + "\"}");
        assertThat(ids(second)).containsExactly(3L, 2L, 1L);
        Answer slid = stats.post("A", RUNS, "{\"limit\":50,\"cursor\":4}");
        assertThat(ids(slid)).isEmpty();
    }

    @Test
    void bindsTheCursor() throws Exception {
        add("e1", "T2", NOW - 500, 5);
        String next = stats.post("A", RUNS, "{\"limit\":2}")
                .body()
                .at("/pagination/next")
                .asText();
        char other = next.charAt(10) == 'A' ? 'B' : 'A';
        List<String> refused = List.of(
                "{\"cursor\":\"" + next.substring(0, 10) + other + next.substring(11) + "\"}",
                "{\"cursor\":\"" + next + "A\"}",
                "{\"cursor\":\"\"}",
                "{\"cursor\":\"" + "=".repeat(44) + "\"}",
                "{\"cursor\":\"" + next + "\",\"timestamp_start\":5}",
                "{\"cursor\":\"" + next + "\",\"timestamp_end\":5}");
        for (String body : refused) {
            Answer answer = stats.post("A", RUNS, body);
            assertThat(answer.status()).as(body).isEqualTo(400);
            assertThat(answer.message()).startsWith("Field 'cursor' is ");
        }
        String body = "{\"cursor\":\"" + next + "\"}";
        assertThat(stats.post("B", RUNS, body).status())
                .as("of a caller with another filter")
                .isEqualTo(400);
        assertThat(stats.post("A", "/stats/promql.query.runs", body).status())
                .as("of another topic")
                .isEqualTo(400);
        long start = NOW - 7L * 86_400_000;
        Answer same = stats.post(
                "A",
                RUNS,
                "{\"cursor\":\"%s\",\"timestamp_start\":%d,\"timestamp_end\":%d}".formatted(next, start, NOW));
        assertThat(ids(same)).containsExactly(3L, 2L, 1L);
    }

    /** Every row of before the first page exactly once, no row twice, whoever writes meanwhile. */
    @Test
    void showsEveryRowOnce() throws Exception {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 12; round++) {
            empty();
            String user = random.nextBoolean() ? "A" : "B";
            int event = 0;
            for (int i = random.nextInt(12); i >= 0; i--) {
                addRandom(random, event++);
            }
            List<Long> before = ids(stats.post(user, RUNS, "{\"limit\":1000}"));
            List<Long> seen = new ArrayList<>();
            String cursor = "";
            boolean more = true;
            while (more) {
                String body = "{\"limit\":" + (1 + random.nextInt(4)) + cursor + "}";
                Answer page = stats.post(user, RUNS, body);
                assertThat(page.status()).as(body).isEqualTo(200);
                seen.addAll(ids(page));
                more = page.body().at("/pagination/has_more").asBoolean();
                cursor = ",\"cursor\":\"" + page.body().at("/pagination/next").asText() + "\"";
                for (int i = random.nextInt(3); i > 0; i--) {
                    addRandom(random, event++);
                }
                CLOCK_MILLIS.addAndGet(random.nextInt(100_000));
            }
            assertThat(seen).as("seed " + seed + ", round " + round).isEqualTo(before);
        }
    }

    private static void addRandom(Random random, int event) throws Exception {
        String tenant = "T" + (1 + random.nextInt(2));
        long start = NOW - random.nextInt(7 * 86_400_000);
        add("e" + event, tenant, start, random.nextInt(4));
    }

    /** D2 17 on a table of EventGate's own, where an event may have two rows of its run. */
    @Test
    void historyOfQueriesIsPagedToo() throws Exception {
        for (int i = 0; i < 5; i++) {
            stats.insert("INSERT INTO public.promql_query_runs (query_id, tenant_id, surface, kind, canonical_hash,"
                + " query_text, started_at, ended_at, duration_ms, status, phase, work_units, samples_read, workers)"
                + " VALUES (gen_random_uuid(), 'T" + (1 + i % 2) + "', 'ui', 'range', 'h', 'up', TIMESTAMPTZ"
                    + " '2026-11-21 11:00:00.123Z' + " + i
                    + " * INTERVAL '1 second', '2026-11-21 11:30Z', 5, 'succeeded',"
                    + " 'report', 1, 2, 1)");
        }
        Answer first = stats.post("A", "/stats/promql.query.runs", "{\"limit\":3}");
        assertThat(ids(first)).containsExactly(5L, 4L, 3L);
        assertThat(first.body().at("/data/0/started_at").asText()).isEqualTo("2026-11-21T11:00:04.123Z");
        assertThat(first.body().at("/data/0/precompute_hit").isBoolean()).isTrue();
        assertThat(first.body().at("/data/0/ttfs_ms").isNull()).isTrue();
        Answer rest = stats.post(
                "A",
                "/stats/promql.query.runs",
                "{\"cursor\":\"" + first.body().at("/pagination/next").asText() + "\"}");
        assertThat(ids(rest)).containsExactly(2L, 1L);
        assertThat(ids(stats.post("B", "/stats/promql.query.runs", "{}"))).containsExactly(4L, 2L);
        long second = Instant.parse("2026-11-21T11:00:01.123Z").toEpochMilli();
        assertThat(ids(stats.post(
                        "A",
                        "/stats/promql.query.runs",
                        "{\"timestamp_start\":%d,\"timestamp_end\":%d}".formatted(second, second + 1_000))))
                .as("both ends, to the millisecond")
                .containsExactly(3L, 2L);
    }

    /** A page ends before the bound of bytes, with a cursor to go on; a row that is longer alone is still shown. */
    @Test
    void endsAPageBeforeTheBytes() throws Exception {
        EmbeddedPostgres own = EmbeddedPostgres.start();
        StatsSettings small =
                new StatsSettings(true, 4, 64, 2_000, "", "", "", 30_000, 64 << 10, 3_000, 1 << 20, 1_000);
        try (own;
                TestingStats server = new TestingStats(TestingStats.database(own), small, Clock.systemUTC(), folder)) {
            long now = System.currentTimeMillis();
            server.run("e", "T1", "prod", "app", now - 1_000);
            for (int i = 0; i < 6; i++) {
                server.job("e", "cat", "failed", now, now, "m".repeat(i == 3 ? 5_000 : 700));
            }
            List<Long> seen = new ArrayList<>();
            String body = "{}";
            int pages = 0;
            while (pages < 10) {
                Answer page = server.post("A", RUNS, body);
                pages++;
                seen.addAll(ids(page));
                if (!page.body().at("/pagination/has_more").asBoolean()) {
                    break;
                }
                body = "{\"cursor\":" + page.body().at("/pagination/cursor").asLong() + "}";
            }
            assertThat(seen).containsExactly(6L, 5L, 4L, 3L, 2L, 1L);
            assertThat(pages).isGreaterThan(2);
        }
    }
}
