package io.weir.ingest.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.ingest.error.IngestException;
import io.weir.ingest.memory.Head;
import io.weir.ingest.memory.HeadLimits;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.memory.WriteBatch;
import io.weir.ingest.testkit.TestingLogFiles;
import io.weir.ingest.wal.LogFiles;
import io.weir.ingest.wal.LogLimits;
import io.weir.ingest.wal.LogReplay;
import io.weir.ingest.wal.WriteAheadLog;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The commit thread: who shares an fsync, who waits, who is refused. */
final class CommitterTest {
    private static final HeadLimits HEAD_LIMITS = new HeadLimits(1_000, 1_000, 1_000, 1_000, 10);
    private static final LogLimits LOG_LIMITS = new LogLimits(1 << 20, 1 << 20, 1 << 20);

    private final TestingLogFiles disk = new TestingLogFiles(new Random(1));
    private final Semaphore syncs = new Semaphore(0);
    private final Semaphore syncing = new Semaphore(0);
    private final SeriesRegistry registry = new SeriesRegistry(HEAD_LIMITS, 1);
    private final List<Integer> groups = Collections.synchronizedList(new ArrayList<>());
    private final ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void close() {
        writers.shutdownNow();
    }

    /** The disk of the test, whose syncs wait for permits. */
    private LogFiles slowDisk() {
        return new LogFiles() {
            @Override
            public List<String> list() {
                return disk.list();
            }

            @Override
            public Appender create(String name) throws IOException {
                Appender appender = disk.create(name);
                return new Appender() {
                    private boolean header = true;

                    @Override
                    public void append(ByteBuffer buffer) throws IOException {
                        appender.append(buffer);
                    }

                    @Override
                    public void force() throws IOException {
                        if (!header) {
                            syncing.release();
                            syncs.acquireUninterruptibly();
                        }
                        header = false;
                        appender.force();
                    }

                    @Override
                    public void truncate(long sizeBytes) throws IOException {
                        appender.truncate(sizeBytes);
                    }

                    @Override
                    public void close() throws IOException {
                        appender.close();
                    }
                };
            }

            @Override
            public long size(String name) {
                return disk.size(name);
            }

            @Override
            public byte[] read(String name, long offset, int length) throws IOException {
                return disk.read(name, offset, length);
            }

            @Override
            public void truncate(String name, long sizeBytes) {
                disk.truncate(name, sizeBytes);
            }

            @Override
            public void delete(String name) {
                disk.delete(name);
            }
        };
    }

    private Committer committer(CommitLimits limits) {
        WriteAheadLog log =
                new WriteAheadLog(slowDisk(), LOG_LIMITS, 1, 0, 0, InstantSource.system(), new Random(2)::nextLong);
        return new Committer(
                log,
                new Head(registry, HEAD_LIMITS),
                registry,
                limits,
                HEAD_LIMITS,
                LOG_LIMITS,
                () -> {},
                (requests, samples, nanos) -> groups.add(requests));
    }

    private Future<Boolean> write(Committer committer, long timestamp) {
        return writers.submit(() -> {
            WriteBatch batch = new WriteBatch();
            batch.add(registry.tenant("t").intern(Labels.of("__name__", "m")), timestamp, 1);
            committer.commit(batch);
            return true;
        });
    }

    private static void awaitQueued(Committer committer, int count) throws InterruptedException {
        for (int i = 0; committer.queued() < count; i++) {
            assertThat(i).as("requests in the queue").isLessThan(5_000);
            Thread.sleep(1);
        }
    }

    private static void assertRefused(Future<Boolean> write, IngestException.Reason reason, String message) {
        assertThatThrownBy(() -> write.get(20, TimeUnit.SECONDS))
                .cause()
                .isInstanceOfSatisfying(IngestException.class, e -> {
                    assertThat(e.reason()).isEqualTo(reason);
                    assertThat(e).hasMessageContaining(message);
                });
    }

    @Test
    void requestsThatWaitTogetherShareAnFsyncAndNoneIsAnsweredBeforeIt() throws Exception {
        try (Committer committer = committer(CommitLimits.defaults())) {
            List<Future<Boolean>> all = new ArrayList<>();
            all.add(write(committer, 0));
            syncing.acquire();
            for (int i = 1; i <= 20; i++) {
                all.add(write(committer, i));
            }
            awaitQueued(committer, 20);
            assertThat(all).noneMatch(Future::isDone);
            syncs.release(2);
            for (Future<Boolean> one : all) {
                assertThat(one.get(20, TimeUnit.SECONDS)).isTrue();
            }
            assertThat(groups).containsExactly(1, 20);
            assertThat(committer.samplesInMemory()).isEqualTo(21);
        }
    }

    @Test
    void aFullQueueAndASlowFsyncAreRefusedByTheNameOfTheLimit() throws Exception {
        try (Committer committer = committer(new CommitLimits(2, 20, 100))) {
            Future<Boolean> slow = write(committer, 0);
            syncing.acquire();
            Future<Boolean> second = write(committer, 1);
            Future<Boolean> third = write(committer, 2);
            awaitQueued(committer, 2);
            assertRefused(write(committer, 3), IngestException.Reason.OVERLOADED, "queued-requests-max=2");
            assertRefused(slow, IngestException.Reason.UNAVAILABLE, "timeout-millis=100");
            assertRefused(second, IngestException.Reason.UNAVAILABLE, "timeout-millis=100");
            assertRefused(third, IngestException.Reason.UNAVAILABLE, "timeout-millis=100");
            syncs.release(100);
        }
    }

    @Test
    void aFailedWriteRefusesItsGroupAndTheNextOneWorks() throws Exception {
        syncs.release(1_000);
        try (Committer committer = committer(CommitLimits.defaults())) {
            assertThat(write(committer, 0).get()).isTrue();
            disk.setFull(true);
            for (int i = 1; i < 5; i++) {
                assertRefused(
                        write(committer, i), IngestException.Reason.UNAVAILABLE, "nothing of this request was stored");
            }
            disk.setFull(false);
            assertThat(write(committer, 5).get()).isTrue();
            assertThat(committer.samplesInMemory()).isEqualTo(2);
            assertThat(committer.whyNotAccepting()).isNull();
        }
        List<Long> found = new ArrayList<>();
        new LogReplay(disk, new SeriesRegistry(HEAD_LIMITS, 1)).replay(0, new LogReplay.Consumer() {
            @Override
            public void group(WriteBatch batch) {
                found.add(batch.timestamp(0));
            }

            @Override
            public void fileEnd(long sequence) {}
        });
        assertThat(found).containsExactly(0L, 5L);
    }

    @Test
    void closingCommitsWhatIsQueuedAndRefusesTheRest() throws Exception {
        Committer committer = committer(CommitLimits.defaults());
        Future<Boolean> first = write(committer, 0);
        syncing.acquire();
        Future<Boolean> queued = write(committer, 1);
        awaitQueued(committer, 1);
        committer.stopAccepting();
        assertRefused(write(committer, 2), IngestException.Reason.UNAVAILABLE, "shutting down");
        syncs.release(10);
        committer.close(20_000);
        assertThat(first.get(20, TimeUnit.SECONDS)).isTrue();
        assertThat(queued.get(20, TimeUnit.SECONDS)).isTrue();
        assertThat(committer.whyNotAccepting()).isEqualTo("shutting down");
    }
}
