package io.weir.ingest.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.ingest.flush.FlushSettings;
import io.weir.ingest.testkit.TestingFaults;
import io.weir.ingest.testkit.TestingFaults.Fault;
import io.weir.ingest.testkit.TestingIngest;
import io.weir.ingest.testkit.TestingLake;
import io.weir.ingest.testkit.TestingSender;
import io.weir.lake.segment.SegmentMeta;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Flushes while store and catalog fail, and what a restart makes of it. */
final class FlushFaultsTest {
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

    private IngestSettings settings(long closeTimeoutMillis) {
        IngestSettings defaults = IngestSettings.defaults(folder.resolve("data"));
        return new IngestSettings(
                defaults.dataDir(),
                defaults.remoteWrite(),
                defaults.otlp(),
                defaults.commit(),
                defaults.log(),
                defaults.head(),
                new FlushSettings(3_600_000, 20, 50, 10_000, 16, 2, 100),
                defaults.compaction().withEnabled(false),
                defaults.retention(),
                defaults.segments(),
                closeTimeoutMillis,
                defaults.features());
    }

    private TestingIngest start() throws IOException {
        return TestingIngest.start(settings(7_000), faults.catalog(), faults.store());
    }

    private static void write(TestingIngest ingest, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            assertThat(ingest.sender()
                            .write("default", TestingSender.request(LABELS, T0 + i, i))
                            .statusCode())
                    .isEqualTo(204);
        }
    }

    private void assertExactly(int samples) throws IOException {
        TreeMap<Long, List<Long>> expected = new TreeMap<>();
        for (int i = 0; i < samples; i++) {
            expected.put(T0 + i, List.of(Double.doubleToRawLongBits(i)));
        }
        assertThat(lake.copies("default").get(LABELS)).isEqualTo(expected);
        Set<String> known = new HashSet<>();
        for (SegmentMeta meta : lake.segments("default")) {
            known.add(meta.blocksKey());
            known.add(meta.seriesKey());
        }
        try (Stream<Path> walk = Files.walk(lake.folder().resolve("default"))) {
            assertThat(walk.filter(Files::isRegularFile)
                            .map(path -> lake.folder().relativize(path).toString()))
                    .containsExactlyInAnyOrderElementsOf(known);
        }
    }

    private List<String> logFiles() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("data").resolve("wal"))) {
            return files.map(path -> String.valueOf(path.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aStoreThatIsAwayDelaysTheFlushAndLosesNothing() throws Exception {
        try (TestingIngest ingest = start()) {
            write(ingest, 0, 5);
            faults.failingPuts.set(Integer.MAX_VALUE);
            HttpResponse<String> refused = ingest.sender().flush();
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(refused.body()).contains("the store is away").contains("will be repeated");
            assertThat(refused.headers().firstValue("Retry-After")).isPresent();
            write(ingest, 5, 10);
            assertThat(ingest.sender().flush().statusCode()).isEqualTo(503);
            faults.failingPuts.set(1);
            // Fails once more in the background, or in this call.
            int status = ingest.sender().flush().statusCode();
            assertThat(status == 204 ? 204 : ingest.sender().flush().statusCode())
                    .isEqualTo(204);
            assertExactly(10);
            assertThat(logFiles()).isEmpty();
            assertThat(ingest.server().lastFlushFailure()).isNull();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE", "AFTER"})
    void aCatalogThatFailsOrWhoseAnswerIsLostMakesNoSecondCopy(Fault fault) throws Exception {
        try (TestingIngest ingest = start()) {
            write(ingest, 0, 5);
            faults.commitFlush = fault;
            assertThat(ingest.sender().flush().statusCode()).isEqualTo(503);
            write(ingest, 5, 7);
            faults.commitFlush = Fault.NONE;
            int status = ingest.sender().flush().statusCode();
            assertThat(status == 204 ? 204 : ingest.sender().flush().statusCode())
                    .isEqualTo(204);
            assertExactly(7);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE", "AFTER"})
    void aRestartAfterAnUploadWithoutAnAnswerMakesNoSecondCopyAndLeavesNoOrphan(Fault fault) throws Exception {
        try (TestingIngest ingest = start()) {
            write(ingest, 0, 5);
            faults.commitFlush = fault;
            assertThat(ingest.sender().flush().statusCode()).isEqualTo(503);
        }
        try (Stream<Path> walk = Files.walk(lake.folder().resolve("default"))) {
            assertThat(walk.filter(Files::isRegularFile)).hasSize(2);
        }
        faults.commitFlush = Fault.NONE;
        try (TestingIngest ingest = start()) {
            write(ingest, 5, 6);
            assertThat(ingest.sender().flush().statusCode()).isEqualTo(204);
            assertExactly(6);
            assertThat(logFiles()).isEmpty();
        }
    }

    @Test
    void aStoreThatHangsDoesNotHoldTheShutdown() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        faults.putGate = gate;
        TestingIngest ingest = TestingIngest.start(settings(500), faults.catalog(), faults.store());
        write(ingest, 0, 3);
        ingest.close();
        gate.countDown();
        faults.putGate = null;
        assertThat(lake.segments("default")).isEmpty();
        try (TestingIngest again = start()) {
            assertThat(again.sender().flush().statusCode()).isEqualTo(204);
            assertExactly(3);
        }
    }

    @Test
    void writesGoOnDuringAFlush() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        try (TestingIngest ingest = start()) {
            write(ingest, 0, 3);
            faults.putGate = gate;
            Thread flush = Thread.ofVirtual().start(() -> {
                try {
                    ingest.sender().flush();
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            write(ingest, 3, 20);
            gate.countDown();
            faults.putGate = null;
            flush.join();
            assertThat(ingest.sender().flush().statusCode()).isEqualTo(204);
            assertExactly(20);
        }
    }
}
