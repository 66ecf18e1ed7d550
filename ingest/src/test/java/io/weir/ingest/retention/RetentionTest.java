package io.weir.ingest.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.weir.ingest.flush.FlushSettings;
import io.weir.ingest.http.IngestSettings;
import io.weir.ingest.testkit.TestingIngest;
import io.weir.ingest.testkit.TestingLake;
import io.weir.ingest.testkit.TestingSender;
import io.weir.lake.catalog.Job;
import io.weir.lake.segment.SegmentMeta;
import io.weir.promql.labels.Labels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Retention on a real catalog and real objects. */
final class RetentionTest {
    private static final long DAY = 86_400_000L;
    private static final long T0 = 20_000 * DAY;
    private static final Labels LABELS = Labels.of("__name__", "m");

    @TempDir
    private Path folder;

    private TestingLake lake;
    private final AtomicLong clock = new AtomicLong(T0 + 10 * DAY);
    private final InstantSource time = () -> Instant.ofEpochMilli(clock.get());
    private final List<String> heard = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        lake = TestingLake.create(folder.resolve("lake"));
    }

    @AfterEach
    void close() {
        lake.close();
    }

    private IngestSettings settings() {
        IngestSettings defaults = IngestSettings.defaults(folder.resolve("data"));
        return defaults.withCompaction(defaults.compaction().withEnabled(false))
                .withFlush(FlushSettings.defaults().withIntervalMillis(3_600_000));
    }

    /** A segment for each day, of each tenant, with one sample at noon. */
    private void writeDays(int days, String... tenants) throws Exception {
        try (TestingIngest ingest = TestingIngest.start(settings(), lake)) {
            for (String tenant : tenants) {
                for (int day = 0; day < days; day++) {
                    assertThat(ingest.sender()
                                    .write(tenant, TestingSender.request(LABELS, noon(day), day))
                                    .statusCode())
                            .isEqualTo(204);
                }
            }
            assertThat(ingest.sender().flush().statusCode()).isEqualTo(204);
        }
    }

    private static long noon(int day) {
        return T0 + day * DAY + DAY / 2;
    }

    private Retention retention(String owner, RetentionSettings settings, long graceMillis) {
        return new Retention(
                settings,
                lake.catalog(),
                new GarbageCollector(lake.catalog(), lake.store(), graceMillis, 100),
                owner,
                time,
                (segments, good) -> heard.add(owner + " " + segments + " " + good));
    }

    private static RetentionSettings period(long millis, String tenants) {
        return new RetentionSettings(millis, tenants, 1_000, 10_000);
    }

    private TreeSet<Long> days(String tenant) {
        TreeSet<Long> days = new TreeSet<>();
        lake.copies(tenant).values().forEach(samples -> samples.keySet().forEach(at -> days.add((at - T0) / DAY)));
        return days;
    }

    private long objects() throws Exception {
        try (Stream<Path> walk = Files.walk(lake.folder())) {
            return walk.filter(file -> file.toString().endsWith(".parquet")).count();
        }
    }

    @Test
    void oldSegmentsLeaveTheCatalogAtOnceAndTheirObjectsAfterTheGrace() throws Exception {
        writeDays(10, "default", "short", "keeps");
        long before = objects();
        assertThat(before).isEqualTo(60);
        RetentionSettings settings = period(5 * DAY, "short=" + 2 * DAY + ", keeps=0");
        Retention retention = retention("a", settings, 3_600_000);
        assertThat(retention.plan()).as("a job for each tenant with a period").isEqualTo(2);
        assertThat(retention.plan()).as("which waits").isZero();
        while (retention.runOne()) {
            assertThat(heard).isNotEmpty();
        }
        assertThat(days("default")).containsExactly(5L, 6L, 7L, 8L, 9L);
        assertThat(days("short")).containsExactly(8L, 9L);
        assertThat(days("keeps")).hasSize(10);
        assertThat(heard).containsExactlyInAnyOrder("a 5 true", "a 8 true");
        assertThat(objects()).as("a query may still read them").isEqualTo(before);
        assertThat(new GarbageCollector(lake.catalog(), lake.store(), 3_600_000, 100).collect())
                .isZero();
        assertThat(new GarbageCollector(lake.catalog(), lake.store(), 0, 10).collect())
                .as("so many at one look")
                .isEqualTo(10);
        assertThat(new GarbageCollector(lake.catalog(), lake.store(), 0, 10).collect())
                .isEqualTo(3);
        assertThat(objects()).isEqualTo(before - 2 * 13);
        assertThat(lake.catalog().garbage(0, 100)).isEmpty();
        assertThat(days("default")).as("what is kept is there").containsExactly(5L, 6L, 7L, 8L, 9L);
    }

    @Test
    void aSegmentStaysUntilItsLastSampleIsTooOld() throws Exception {
        writeDays(2, "default");
        Retention retention = retention("a", period(DAY, ""), 0);
        clock.set(noon(0) + DAY);
        retention.plan();
        retention.runOne();
        assertThat(days("default")).as("exactly as old as the period is kept").containsExactly(0L, 1L);
        clock.addAndGet(1);
        retention.plan();
        retention.runOne();
        assertThat(days("default")).containsExactly(1L);
    }

    @Test
    void aJobOfADeadProcessIsTakenOverAndDeletesNoMoreThanWasMeant() throws Exception {
        writeDays(10, "default");
        Retention first = retention("a", new RetentionSettings(5 * DAY, "", 1_000, 50), 0);
        assertThat(first.plan()).isEqualTo(1);
        Optional<Job> claimed = lake.catalog().claim(Retention.KIND, "dead", 300);
        assertThat(claimed).isPresent();
        assertThat(first.runOne()).as("the lease of the other holds").isFalse();
        assertThat(days("default")).hasSize(10);
        clock.addAndGet(3 * DAY);
        await().until(first::runOne);
        assertThat(days("default")).as("by the time it was planned at").containsExactly(5L, 6L, 7L, 8L, 9L);
        assertThat(lake.catalog().complete(claimed.get()))
                .as("the dead one's lease is over")
                .isFalse();
        assertThat(heard).containsExactly("a 5 true");
    }

    @Test
    void theIngesterRunsItAndByDefaultNothingIsEverDeleted() throws Exception {
        writeDays(10, "default");
        long now = System.currentTimeMillis();
        assertThat(RetentionSettings.defaults().isFinite()).isFalse();
        try (TestingIngest ingest = TestingIngest.start(settings(), lake)) {
            assertThat(ingest.sender().flush().statusCode()).isEqualTo(204);
            Thread.sleep(300);
            assertThat(days("default")).hasSize(10);
        }
        IngestSettings finite = settings()
                .withCompaction(settings().compaction().withEnabled(false).withTimes(1_000, 0))
                .withRetention(new RetentionSettings(now - noon(6), "", 50, 10_000));
        try (TestingIngest ingest = TestingIngest.start(finite, lake)) {
            assertThat(ingest.sender().flush().statusCode()).isEqualTo(204);
            await().until(() -> objects() == 2 * 3);
        }
        assertThat(days("default")).containsExactly(7L, 8L, 9L);
        assertThat(lake.segments("default")).extracting(SegmentMeta::tenant).containsOnly("default");
    }

    @Test
    void settingsAreValidated() {
        assertThat(period(0, "a=5, b=0").periodMillis("a")).isEqualTo(5);
        assertThat(period(7, "a=5,b=0").periodMillis("b")).isZero();
        assertThat(period(7, "").periodMillis("c")).isEqualTo(7);
        assertThat(period(0, "a=0").isFinite()).isFalse();
        assertThat(period(0, "a=1").isFinite()).isTrue();
        assertThatThrownBy(() -> period(0, "a")).hasMessageContaining("ingest-retention-tenant-periods-millis");
        assertThatThrownBy(() -> period(0, "a=-1")).hasMessageContaining("\"a=-1\" is none");
        assertThatThrownBy(() -> period(0, "a=1,a=2")).hasMessageContaining("twice");
        assertThatThrownBy(() -> period(-1, "")).hasMessageContaining("not negative");
    }
}
