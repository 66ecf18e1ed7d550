package io.weir.ingest.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.ingest.flush.FlushSettings;
import io.weir.ingest.http.IngestSettings;
import io.weir.ingest.testkit.TestingFaults;
import io.weir.ingest.testkit.TestingFaults.Fault;
import io.weir.ingest.testkit.TestingIngest;
import io.weir.ingest.testkit.TestingLake;
import io.weir.ingest.testkit.TestingSender;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.lake.segment.SegmentMeta;
import io.weir.lake.segment.SegmentSettings;
import io.weir.promql.labels.Labels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compactions that fail, meet another or are chosen. */
final class CompactorTest {
    private static final long T0 = 1_700_000_000_000L;
    private static final Labels LABELS = Labels.of("__name__", "m");

    @TempDir
    private Path folder;

    private TestingLake lake;
    private TestingFaults faults;

    @BeforeEach
    void open() throws Exception {
        lake = TestingLake.create(folder.resolve("lake"));
        faults = new TestingFaults(lake.catalog(), lake.store());
    }

    @AfterEach
    void close() {
        lake.close();
    }

    private static CompactionSettings settings() {
        return new CompactionSettings(true, 1_000, 2, 4, 1_000_000, 100_000, 10, 100, 10_000, 0, 100);
    }

    private Compactor compactor(String owner, List<Boolean> outcomes) {
        return new Compactor(
                settings(),
                SegmentSettings.DEFAULT,
                faults.catalog(),
                faults.store(),
                folder.resolve(owner),
                owner,
                new Random(owner.hashCode())::nextLong,
                (segments, nanos, good) -> outcomes.add(good));
    }

    private void writeSegments(int count) throws Exception {
        IngestSettings defaults = IngestSettings.defaults(folder.resolve("data"));
        IngestSettings settings = defaults.withCompaction(defaults.compaction().withEnabled(false))
                .withFlush(FlushSettings.defaults().withIntervalMillis(3_600_000));
        try (TestingIngest ingest = TestingIngest.start(settings, lake)) {
            for (int i = 0; i < count; i++) {
                ingest.sender().write("default", TestingSender.request(LABELS, T0 + i, i));
                ingest.sender().write("default", TestingSender.request(LABELS, T0 - 1, i));
                assertThat(ingest.sender().flush().statusCode()).isEqualTo(204);
            }
        }
    }

    /** What a reader sees: of the copies of a time the one in the segment with the greatest id. */
    private void assertAnswer(int count) {
        TreeMap<Long, Long> last = new TreeMap<>();
        for (Map.Entry<Long, List<Long>> entry :
                lake.copies("default").getOrDefault(LABELS, new TreeMap<>()).entrySet()) {
            last.put(entry.getKey(), entry.getValue().getLast());
        }
        TreeMap<Long, Long> expected = new TreeMap<>();
        expected.put(T0 - 1, Double.doubleToRawLongBits(count - 1));
        for (int i = 0; i < count; i++) {
            expected.put(T0 + i, Double.doubleToRawLongBits(i));
        }
        assertThat(last).isEqualTo(expected);
    }

    private long objects() throws Exception {
        try (Stream<Path> walk = Files.walk(lake.folder().resolve("default"))) {
            return walk.filter(Files::isRegularFile).count();
        }
    }

    @Test
    void levelByLevelUntilFewAreLeft() throws Exception {
        writeSegments(9);
        List<Boolean> outcomes = new ArrayList<>();
        Compactor compactor = compactor("a", outcomes);
        assertAnswer(9);
        for (int round = 0; round < 10; round++) {
            compactor.plan();
            while (compactor.runOne()) {
                assertAnswer(9);
            }
            compactor.collectGarbage();
        }
        assertThat(outcomes).isNotEmpty().doesNotContain(false);
        assertThat(lake.segments("default")).hasSizeLessThanOrEqualTo(2);
        assertThat(objects()).isEqualTo(2L * lake.segments("default").size());
        assertThat(lake.segments("default")).extracting(SegmentMeta::level).contains(2);
    }

    @Test
    void aReplacementThatFailedLeavesNoOrphan() throws Exception {
        writeSegments(4);
        List<Boolean> outcomes = new ArrayList<>();
        Compactor compactor = compactor("a", outcomes);
        compactor.plan();
        faults.replace = Fault.BEFORE;
        assertThat(compactor.runOne()).isTrue();
        assertThat(outcomes).containsExactly(false);
        assertThat(objects()).isEqualTo(10);
        assertAnswer(4);
        faults.replace = Fault.NONE;
        assertThat(runUntilDone(compactor, outcomes)).isTrue();
        assertAnswer(4);
        compactor.collectGarbage();
        assertThat(lake.segments("default")).hasSize(1);
        assertThat(objects()).isEqualTo(2);
    }

    @Test
    void aReplacementWhoseAnswerWasLostIsKept() throws Exception {
        writeSegments(4);
        List<Boolean> outcomes = new ArrayList<>();
        Compactor compactor = compactor("a", outcomes);
        compactor.plan();
        faults.replace = Fault.AFTER;
        assertThat(compactor.runOne()).isTrue();
        assertThat(outcomes).containsExactly(false);
        faults.replace = Fault.NONE;
        assertThat(lake.segments("default")).hasSize(1);
        writeSegments(4);
        compactor.plan();
        assertThat(runUntilDone(compactor, outcomes)).isTrue();
        compactor.collectGarbage();
        assertThat(objects()).isEqualTo(2L * lake.segments("default").size());
        assertThat(lake.copies("default").get(LABELS)).hasSize(5);
    }

    /** The queue gives a failed job back after a pause. */
    private static boolean runUntilDone(Compactor compactor, List<Boolean> outcomes) throws Exception {
        for (int i = 0; i < 1_000; i++) {
            if (compactor.runOne() && outcomes.getLast()) {
                return true;
            }
            Thread.sleep(10);
        }
        return false;
    }

    @Test
    void twoCompactorsDoNotMergeOneDayTwice() throws Exception {
        writeSegments(8);
        List<Boolean> outcomes = new ArrayList<>();
        Compactor first = compactor("a", outcomes);
        Compactor second = compactor("b", outcomes);
        PostgresCatalog catalog = lake.catalog();
        assertThat(first.plan()).isEqualTo(1);
        assertThat(second.plan()).isZero();
        assertThat(first.runOne()).isTrue();
        assertThat(second.runOne()).isFalse();
        assertThat(catalog.garbage(0, 100)).hasSize(4);
        assertAnswer(8);
    }

    private static SegmentMeta meta(String id, long minTime, long size) {
        return new SegmentMeta("default", id, "b", "s", size, 0, "", "", minTime, minTime, 1, 1, 0);
    }

    @Test
    void theOldestNeighboursByIdAreChosen() {
        Compactor compactor = compactor("a", new ArrayList<>());
        assertThat(compactor.choose(List.of(meta("3", 1, 5), meta("1", 2, 5), meta("2", 3, 5))))
                .extracting(SegmentMeta::id)
                .containsExactly("1", "2", "3");
        assertThat(compactor.choose(
                        List.of(meta("1", 0, 5), meta("2", 0, 5), meta("3", 0, 5), meta("4", 0, 5), meta("5", 0, 5))))
                .extracting(SegmentMeta::id)
                .containsExactly("1", "2", "3", "4");
        // A large one is never merged again, and nothing is merged across it.
        assertThat(compactor.choose(List.of(meta("1", 0, 5), meta("2", 0, 100_000), meta("3", 0, 5), meta("4", 0, 5))))
                .extracting(SegmentMeta::id)
                .containsExactly("3", "4");
        assertThat(compactor.choose(List.of(meta("1", 0, 5), meta("2", 0, 100_000))))
                .hasSizeLessThan(2);
        assertThat(compactor.choose(List.of())).isEmpty();
    }
}
