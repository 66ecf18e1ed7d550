package io.weir.precompute.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.job.JobStatus;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What waits for the database. */
class ResultOutboxTest {
    private static final long GRANULARITY = 60_000;

    private final AtomicInteger dropped = new AtomicInteger();
    private final Job first = TestingJobs.job("job-1", "a");
    private final Job second = TestingJobs.job("job-2", "b");

    private ResultOutbox outbox(int kept, long bytesMax) {
        return new ResultOutbox(kept, 1 << 20, 1 << 16, bytesMax, dropped::incrementAndGet);
    }

    static JobStatistics statistics(long tick, long runs) {
        return new JobStatistics(
                JobStatus.ACTIVE,
                OptionalLong.of(tick),
                OptionalLong.of(tick),
                OptionalLong.of(3),
                null,
                runs,
                0,
                0,
                0,
                OptionalLong.of(tick + GRANULARITY),
                0);
    }

    private static void put(ResultOutbox outbox, Job job, long epoch, long number) {
        long tick = number * GRANULARITY;
        outbox.put(job, epoch, statistics(tick, number), Optional.of(StoredResultsTest.result(job.jobId(), tick, 100)));
    }

    @Test
    void whatIsPutIsTakenOnce() {
        ResultOutbox outbox = outbox(10, 1 << 20);
        assertThat(outbox.isEmpty()).isTrue();
        put(outbox, first, 1, 1);
        put(outbox, first, 1, 2);
        put(outbox, second, 4, 1);
        List<ResultOutbox.Batch> taken = outbox.take(1);
        assertThat(taken).hasSize(1);
        assertThat(taken.getFirst().progress().statistics().runs()).isEqualTo(2);
        assertThat(taken.getFirst().progress().keptAfterMillis()).isEqualTo((2 - 10) * GRANULARITY);
        assertThat(taken.getFirst().results()).containsOnlyKeys(GRANULARITY, 2 * GRANULARITY);
        assertThat(outbox.take(10))
                .hasSize(1)
                .allMatch(batch -> batch.progress().epoch() == 4);
        assertThat(outbox.isEmpty()).isTrue();
        assertThat(outbox.bytes()).isZero();
        assertThat(dropped).hasValue(0);
    }

    @Test
    void aFailedTickIsWrittenWithoutAResult() {
        ResultOutbox outbox = outbox(10, 1 << 20);
        outbox.put(first, 1, statistics(GRANULARITY, 1), Optional.empty());
        assertThat(outbox.take(10).getFirst().results()).isEmpty();
        assertThat(dropped).hasValue(0);
    }

    @Test
    void noMoreTicksWaitThanAreKept() {
        ResultOutbox outbox = outbox(3, 1 << 20);
        for (int number = 1; number <= 5; number++) {
            put(outbox, first, 1, number);
        }
        assertThat(outbox.take(1).getFirst().results())
                .containsOnlyKeys(3 * GRANULARITY, 4 * GRANULARITY, 5 * GRANULARITY);
        assertThat(dropped).hasValue(2);
    }

    @Test
    void theOldestGoWhenThereIsNoRoomAndTheNewestOfAJobLast() {
        int bytes = StoredResults.write(StoredResultsTest.result("job-1", GRANULARITY, 100), 1 << 20, 1 << 16)
                .orElseThrow()
                .length;
        ResultOutbox outbox = outbox(100, 3L * bytes + 50);
        put(outbox, second, 1, 1);
        for (int number = 1; number <= 4; number++) {
            put(outbox, first, 1, number);
            assertThat(outbox.bytes()).isLessThanOrEqualTo(3L * bytes + 50);
        }
        assertThat(dropped).hasValue(2);
        List<ResultOutbox.Batch> taken = outbox.take(10);
        assertThat(taken.get(0).results()).containsOnlyKeys(GRANULARITY);
        assertThat(taken.get(1).results()).containsOnlyKeys(3 * GRANULARITY, 4 * GRANULARITY);
    }

    @Test
    void whatCouldNotBeWrittenComesBackBeforeWhatIsNewer() {
        ResultOutbox outbox = outbox(10, 1 << 20);
        put(outbox, first, 1, 1);
        put(outbox, second, 1, 1);
        List<ResultOutbox.Batch> taken = outbox.take(10);
        put(outbox, first, 1, 2);
        // Taken over and won back meanwhile: what an epoch before has said counts no more.
        put(outbox, second, 3, 2);
        outbox.restore(taken);
        List<ResultOutbox.Batch> again = outbox.take(10);
        assertThat(again.get(0).progress().statistics().runs()).isEqualTo(2);
        assertThat(again.get(0).results()).containsOnlyKeys(GRANULARITY, 2 * GRANULARITY);
        assertThat(again.get(1).results()).containsOnlyKeys(2 * GRANULARITY);
        put(outbox, second, 2, 3);
        put(outbox, second, 1, 4);
        assertThat(outbox.take(10).getFirst().progress().epoch()).isEqualTo(2);
    }

    @Test
    void aGoneJobIsForgotten() {
        ResultOutbox outbox = outbox(10, 1 << 20);
        put(outbox, first, 1, 1);
        outbox.remove("job-1");
        outbox.remove("job-1");
        assertThat(outbox.isEmpty()).isTrue();
        assertThat(outbox.bytes()).isZero();
    }
}
