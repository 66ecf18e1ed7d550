package io.weir.lake.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.weir.lake.LabelFingerprints;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Databases;
import io.weir.lake.segment.SegmentMeta;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The catalog and its work queue. */
final class PostgresCatalogTest {
    private static final long DAY = 86_400_000L;

    @SuppressWarnings("NullAway.Init")
    private static EmbeddedPostgres postgres;

    @SuppressWarnings("NullAway.Init")
    private static HikariDataSource pool;

    private final PostgresCatalog catalog = new PostgresCatalog(pool, new QueueSettings(3, 0, 0));

    @BeforeAll
    static void start() throws IOException {
        postgres = EmbeddedPostgres.start();
        pool = Databases.open(settings(4, 2_000));
        CatalogSchema.migrate(pool);
        CatalogSchema.migrate(pool);
    }

    private static DatabaseSettings settings(int connections, long acquireTimeoutMillis) {
        String url = "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres";
        return new DatabaseSettings(
                url, "postgres", "postgres", connections, acquireTimeoutMillis, 2_000, 2_000, 4_000);
    }

    @AfterAll
    static void stop() throws IOException {
        pool.close();
        postgres.close();
    }

    @BeforeEach
    void empty() throws SQLException {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("truncate weir.segment, weir.ingest_position, weir.metric_metadata, weir.work_queue");
        }
    }

    private static NewSegment segment(String tenant, String id, long min, long max, int level, Labels... series) {
        LabelFingerprints fingerprints = new LabelFingerprints(3, 5);
        Arrays.stream(series).forEach(fingerprints::add);
        SegmentMeta meta =
                new SegmentMeta(tenant, id, "b/" + id, "s/" + id, 10, 20, "cb" + id, "cs" + id, min, max, 1, 2, level);
        return new NewSegment(meta, fingerprints.toArray());
    }

    private List<String> find(String tenant, long start, long end, LabelMatcher... matchers) {
        return catalog.find(new SegmentQuery(tenant, List.of(matchers), start, end)).segments().stream()
                .map(SegmentMeta::id)
                .toList();
    }

    private static LabelMatcher matcher(LabelMatcher.Type type, String name, String value) {
        return LabelMatcher.of(type, name, value);
    }

    @Test
    void findsByTenantTimeAndLabels() {
        NewSegment up = segment("t", "2", 100, 200, 0, Labels.of("__name__", "up", "job", "a"));
        NewSegment down = segment("t", "1", 150, 300, 0, Labels.of("__name__", "down", "job", "b"));
        catalog.commitFlush("i", 1, List.of(up, down, segment("other", "3", 100, 200, 0)));
        assertThat(find("t", 0, 1000)).containsExactly("2", "1");
        assertThat(find("t", 200, 1000)).containsExactly("2", "1");
        assertThat(find("t", 201, 1000)).containsExactly("1");
        assertThat(find("t", 0, 100)).containsExactly("2");
        assertThat(find("t", 0, 99)).isEmpty();
        assertThat(find("t", 0, 1000, matcher(LabelMatcher.Type.EQUAL, "__name__", "up")))
                .containsExactly("2");
        assertThat(find(
                        "t",
                        0,
                        1000,
                        matcher(LabelMatcher.Type.EQUAL, "__name__", "up"),
                        matcher(LabelMatcher.Type.EQUAL, "job", "b")))
                .isEmpty();
        assertThat(find("t", 0, 1000, matcher(LabelMatcher.Type.REGEX, "zone", ".+")))
                .isEmpty();
        assertThat(find("t", 0, 1000, matcher(LabelMatcher.Type.REGEX, "zone", ".*")))
                .hasSize(2);
        assertThat(find("t", 0, 1000, matcher(LabelMatcher.Type.EQUAL, "zone", "")))
                .hasSize(2);
        SegmentSelection pruned = catalog.find(
                new SegmentQuery("t", List.of(matcher(LabelMatcher.Type.EQUAL, "__name__", "none")), 0, 1000));
        assertThat(pruned.segments()).isEmpty();
        assertThat(pruned.consideredCount()).isEqualTo(2);
        assertThat(catalog.find(new SegmentQuery("t", List.of(), 100, 120)).segments())
                .containsExactly(up.meta());
        assertThat(catalog.current("t", Set.of("1", "3", "9"))).containsExactly("1");
        assertThat(catalog.tenants()).containsExactly("other", "t");
    }

    @Test
    void neverPrunesASegmentThatHoldsASeries() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<List<Labels>> series = new ArrayList<>();
        List<NewSegment> segments = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            List<Labels> own = new ArrayList<>();
            for (int k = 0; k < 1 + random.nextInt(6); k++) {
                String[] pairs = new String[2 * (1 + random.nextInt(3))];
                for (int p = 0; p < pairs.length; p += 2) {
                    pairs[p] = p + "name" + random.nextInt(i % 10 == 0 ? 8 : 2);
                    pairs[p + 1] = "v" + random.nextInt(4);
                }
                own.add(Labels.of(pairs));
            }
            series.add(own);
            segments.add(segment("t", "s" + i, 0, 1, 0, own.toArray(new Labels[0])));
        }
        catalog.commitFlush("i", 1, segments);
        int pruned = 0;
        for (int round = 0; round < 300; round++) {
            LabelMatcher[] matchers = new LabelMatcher[1 + random.nextInt(2)];
            for (int m = 0; m < matchers.length; m++) {
                matchers[m] = matcher(
                        LabelMatcher.Type.values()[random.nextInt(4)],
                        2 * random.nextInt(3) + "name" + random.nextInt(2),
                        random.nextInt(5) == 0 ? "" : "v" + random.nextInt(5));
            }
            List<String> found = find("t", 0, 1, matchers);
            pruned += segments.size() - found.size();
            for (int i = 0; i < series.size(); i++) {
                boolean holds = series.get(i).stream()
                        .anyMatch(labels -> Arrays.stream(matchers).allMatch(matcher -> matcher.matches(labels)));
                if (holds) {
                    assertThat(found)
                            .as("seed %d %s", seed, Arrays.toString(matchers))
                            .contains("s" + i);
                }
            }
        }
        assertThat(pruned).as("seed %d", seed).isPositive();
    }

    @Test
    void repeatedFlushesChangeNothing() {
        assertThat(catalog.flushedPosition("i")).isEqualTo(-1);
        catalog.commitFlush("i", 10, List.of(segment("t", "1", 0, 1, 0)));
        catalog.commitFlush("i", 10, List.of(segment("t", "1", 0, 1, 0)));
        catalog.commitFlush("i", 9, List.of(segment("t", "2", 0, 1, 0)));
        assertThat(catalog.flushedPosition("i")).isEqualTo(10);
        assertThat(find("t", 0, 1)).containsExactly("1");
        catalog.commitFlush("i", 11, List.of());
        catalog.commitFlush("j", 0, List.of(segment("t", "3", 0, 1, 0)));
        assertThat(catalog.flushedPosition("i")).isEqualTo(11);
        assertThat(find("t", 0, 1)).containsExactly("1", "3");
        assertThatThrownBy(() ->
                        catalog.commitFlush("i", 12, List.of(segment("t", "4", 0, 1, 0), segment("t", "3", 0, 1, 0))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cannot register a flush: the database refuses a value, SQLSTATE 23505");
        assertThat(catalog.flushedPosition("i")).as("all or nothing").isEqualTo(11);
        assertThat(find("t", 0, 1)).containsExactly("1", "3");
    }

    @Test
    void replacesAllOrNothingAndKeepsGarbage() {
        catalog.commitFlush("i", 1, List.of(segment("t", "1", 0, 1, 0), segment("t", "2", 0, 1, 0)));
        assertThat(catalog.replace("t", Set.of("1", "9"), List.of(segment("t", "3", 0, 1, 1))))
                .isFalse();
        assertThat(catalog.replace("u", Set.of("1", "2"), List.of(segment("t", "3", 0, 1, 1))))
                .isFalse();
        assertThat(find("t", 0, 1)).containsExactly("1", "2");
        assertThat(catalog.replace("t", Set.of("1", "2"), List.of(segment("t", "3", 0, 1, 1))))
                .isTrue();
        assertThat(catalog.replace("t", Set.of("1", "2"), List.of(segment("t", "4", 0, 1, 1))))
                .isFalse();
        assertThat(find("t", 0, 1)).containsExactly("3");
        assertThat(catalog.current("t", Set.of("1", "2", "3"))).containsExactly("3");
        assertThat(catalog.garbage(60_000, 10)).isEmpty();
        assertThat(catalog.garbage(0, 1)).hasSize(1);
        assertThat(catalog.garbage(0, 10)).extracting(SegmentMeta::id).containsExactly("1", "2");
        catalog.forget(List.of("1", "3"));
        assertThat(catalog.garbage(0, 10)).extracting(SegmentMeta::id).containsExactly("2");
        assertThat(find("t", 0, 1)).containsExactly("3");
        assertThat(catalog.expire("t", 1)).isZero();
        assertThat(catalog.expire("t", 2)).isEqualTo(1);
        assertThat(find("t", 0, 1)).isEmpty();
    }

    @Test
    void groupsForCompactionByDayAndLevel() {
        catalog.commitFlush(
                "i",
                1,
                List.of(
                        segment("t", "1", 5, 6, 0),
                        segment("t", "2", 4, 6, 0),
                        segment("t", "3", DAY, DAY, 0),
                        segment("t", "4", 7, 8, 1),
                        segment("t", "5", -1, -1, 0),
                        segment("t", "6", -DAY, -1, 0),
                        segment("t", "7", -5, -1, 0)));
        assertThat(catalog.compactionGroups(2, 10))
                .containsExactly(new CompactionGroup("t", -DAY, 0, 3, 90), new CompactionGroup("t", 0, 0, 2, 60));
        assertThat(catalog.compactionGroups(2, 1)).hasSize(1);
        assertThat(catalog.compactionCandidates("t", 0, 0, 10))
                .extracting(SegmentMeta::id)
                .containsExactly("2", "1");
        assertThat(catalog.compactionCandidates("t", -DAY, 0, 2))
                .extracting(SegmentMeta::id)
                .containsExactly("6", "7");
    }

    @Test
    void keepsTheNewestMetadata() {
        MetricMetadata old = new MetricMetadata("b", "gauge", "old", "");
        MetricMetadata newer = new MetricMetadata("b", "gauge", "new", "seconds");
        MetricMetadata other = new MetricMetadata("a", "counter", "help", "");
        MetricMetadata second = new MetricMetadata("b", "counter", "", "");
        catalog.upsertMetadata("t", List.of(old, other, newer));
        catalog.upsertMetadata("t", List.of(second));
        catalog.upsertMetadata("t", List.of());
        assertThat(catalog.metadata("t", "", -1))
                .containsExactly(
                        java.util.Map.entry("a", List.of(other)), java.util.Map.entry("b", List.of(newer, second)));
        assertThat(catalog.metadata("t", "b", -1)).containsOnlyKeys("b");
        assertThat(catalog.metadata("t", "", 1)).containsOnlyKeys("a");
        assertThat(catalog.metadata("t", "b", 0)).isEmpty();
        assertThat(catalog.metadata("u", "", -1)).isEmpty();
    }

    @Test
    void queueHandsOutEachJobOnce() throws Exception {
        for (int i = 0; i < 60; i++) {
            assertThat(catalog.enqueue("compact", "t", "k" + i, "p" + i)).isTrue();
        }
        assertThat(catalog.enqueue("compact", "t", "k0", "again")).isFalse();
        Set<Long> seen = ConcurrentHashMap.newKeySet();
        try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
            List<Future<Integer>> futures = new ArrayList<>();
            for (int worker = 0; worker < 4; worker++) {
                String owner = "w" + worker;
                futures.add(executor.submit(() -> {
                    int count = 0;
                    for (Optional<Job> job = catalog.claim("compact", owner, 60_000);
                            job.isPresent();
                            job = catalog.claim("compact", owner, 60_000)) {
                        assertThat(seen.add(job.get().id())).isTrue();
                        assertThat(job.get().payload())
                                .isEqualTo("p" + job.get().key().substring(1));
                        assertThat(catalog.complete(job.get())).isTrue();
                        count++;
                    }
                    return count;
                }));
            }
            int total = 0;
            for (Future<Integer> future : futures) {
                total += future.get();
            }
            assertThat(total).isEqualTo(60);
        }
        assertThat(catalog.claim("other", "w", 1)).isEmpty();
        assertThat(catalog.enqueue("compact", "t", "k0", "again")).isTrue();
    }

    @Test
    void lostLeasesAndFailuresAreRetriedUntilTheLimit() throws InterruptedException {
        catalog.enqueue("flush", "t", "k", "p");
        Job first = catalog.claim("flush", "a", 1).orElseThrow();
        Thread.sleep(20);
        Job second = catalog.claim("flush", "b", 60_000).orElseThrow();
        assertThat(second.attempt()).isEqualTo(2);
        assertThat(catalog.complete(first)).as("the lease is lost").isFalse();
        assertThat(catalog.renew(first, 1)).isFalse();
        assertThat(catalog.fail(first, "late")).isFalse();
        assertThat(catalog.renew(second, 60_000)).isTrue();
        assertThat(catalog.claim("flush", "c", 1)).isEmpty();
        assertThat(catalog.fail(second, "no")).isTrue();
        Job third = catalog.claim("flush", "c", 60_000).orElseThrow();
        assertThat(third.attempt()).isEqualTo(3);
        assertThat(catalog.fail(third, "still no")).isTrue();
        assertThat(catalog.claim("flush", "c", 1))
                .as("dead after three attempts")
                .isEmpty();
        assertThat(catalog.enqueue("flush", "t", "k", "p"))
                .as("a dead job blocks nothing")
                .isTrue();
        for (int i = 0; i < 3; i++) {
            assertThat(catalog.claim("flush", "crashing", 1)).isPresent();
            Thread.sleep(20);
        }
        assertThat(catalog.claim("flush", "c", 1))
                .as("dead also when its owners die")
                .isEmpty();
    }

    @Test
    void backoffDoublesUpToItsLimit() {
        QueueSettings settings = new QueueSettings(100, 1_000, 60_000);
        assertThat(settings.delayMillis(1)).isEqualTo(1_000);
        assertThat(settings.delayMillis(3)).isEqualTo(4_000);
        assertThat(settings.delayMillis(7)).isEqualTo(60_000);
        assertThat(settings.delayMillis(99)).isEqualTo(60_000);
    }

    @Test
    void unreachableSlowOrExhaustedIsUnavailable() throws Exception {
        DatabaseSettings nowhere =
                new DatabaseSettings("jdbc:postgresql://127.0.0.1:1/postgres", "postgres", "", 1, 250, 500, 500, 1_000);
        assertThatThrownBy(() -> Databases.open(nowhere)).isInstanceOf(DatabaseUnavailableException.class);
        try (HikariDataSource one = Databases.open(settings(1, 250));
                Connection held = one.getConnection()) {
            PostgresCatalog starved = new PostgresCatalog(one);
            assertThatThrownBy(() -> starved.flushedPosition("i")).isInstanceOf(DatabaseUnavailableException.class);
            try (Statement statement = held.createStatement()) {
                assertThatThrownBy(() -> statement.execute("select pg_sleep(10)"))
                        .as("statements are cut off")
                        .hasMessageContaining("statement timeout");
            }
        }
    }
}
