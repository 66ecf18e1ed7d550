package io.weir.queryworker.workmanager;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.control.v1.WorkStatistics;
import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Runs executions on a bounded pool of platform threads and publishes their artifacts. Decides nothing: who runs when, and
 * what becomes of an outcome, is the agent's. Every started execution ends with exactly one call of {@link Outcomes}.
 */
public final class WorkerWorkManager implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerWorkManager.class);

    /** One attempt. */
    public record Attempt(String workId, int attempt) {}

    /** A published artifact. */
    public record Finished(String url, ArtifactMeta artifact, WorkStatistics statistics) {}

    /** Told how executions end, on the execution's thread. */
    public interface Outcomes {
        void succeeded(Attempt attempt, Finished finished);

        void failed(Attempt attempt, FailureClass failureClass, String message);
    }

    private final WorkExecutor executor;
    private final ArtifactSpool spool;
    private final Outcomes outcomes;
    private final long artifactReserveBytes;
    private final ThreadPoolExecutor pool;
    private final ConcurrentHashMap<Attempt, ExecutionCancellation> running = new ConcurrentHashMap<>();
    private final Timer taskTimer;
    private final Timer cancelTimer;

    public WorkerWorkManager(
            WorkExecutor executor,
            ArtifactSpool spool,
            int slots,
            long artifactReserveBytes,
            MeterRegistry registry,
            Outcomes outcomes) {
        this.executor = executor;
        this.spool = spool;
        this.outcomes = outcomes;
        this.artifactReserveBytes = artifactReserveBytes;
        AtomicInteger threads = new AtomicInteger();
        // The agent never starts more than there are slots; a thread that has just reported may not be back yet.
        this.pool = new ThreadPoolExecutor(
                slots,
                slots,
                0,
                TimeUnit.MILLISECONDS,
                new ArrayBlockingQueue<>(slots),
                task -> Thread.ofPlatform()
                        .name("weir-execution-" + threads.incrementAndGet())
                        .daemon(true)
                        .unstarted(task));
        this.taskTimer = Timer.builder("weir_task")
                .description("Run time of pieces of work")
                .publishPercentileHistogram()
                .register(registry);
        this.cancelTimer = Timer.builder("weir_cancel")
                .description("From a cancellation to the end of the execution")
                .register(registry);
    }

    /** Runs the work. */
    public void start(String apiId, AssignWork work, long queuedNanos, long remainingMillis) {
        Attempt attempt = new Attempt(work.getWorkId(), work.getAttempt());
        ExecutionCancellation cancellation =
                new ExecutionCancellation(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(remainingMillis));
        running.put(attempt, cancellation);
        pool.execute(() -> run(apiId, work, attempt, queuedNanos, cancellation));
    }

    /** Tells an execution to stop; none if it has ended. */
    public void cancel(Attempt attempt) {
        ExecutionCancellation cancellation = running.get(attempt);
        if (cancellation != null) {
            cancellation.cancel();
        }
    }

    private void run(
            String apiId, AssignWork work, Attempt attempt, long queuedNanos, ExecutionCancellation cancellation) {
        MDC.put("query_id", work.getQueryId());
        MDC.put("work_id", work.getWorkId());
        long startedNanos = System.nanoTime();
        try {
            Finished finished = execute(apiId, work, attempt, startedNanos - queuedNanos, cancellation);
            running.remove(attempt);
            outcomes.succeeded(attempt, finished);
        } catch (WorkFailureException failure) {
            LOG.info(
                    "work failed, attempt {}: {}: {}", attempt.attempt(), failure.failureClass(), failure.getMessage());
            fail(attempt, failure.failureClass(), message(failure));
        } catch (OutOfMemoryError failure) {
            LOG.warn("out of memory, attempt {}", attempt.attempt(), failure);
            fail(attempt, FailureClass.OUT_OF_MEMORY, "the worker's heap is exhausted: " + message(failure));
        } catch (RuntimeException | Error failure) {
            LOG.warn("work failed unexpectedly, attempt {}", attempt.attempt(), failure);
            fail(attempt, cancellation.wasCanceled() ? FailureClass.CANCELED : FailureClass.INTERNAL, message(failure));
        } finally {
            taskTimer.record(System.nanoTime() - startedNanos, TimeUnit.NANOSECONDS);
            if (cancellation.wasCanceled()) {
                cancelTimer.record(System.nanoTime() - cancellation.canceledNanos(), TimeUnit.NANOSECONDS);
            }
            MDC.remove("query_id");
            MDC.remove("work_id");
        }
    }

    private Finished execute(
            String apiId, AssignWork work, Attempt attempt, long queuedNanos, ExecutionCancellation cancellation)
            throws WorkFailureException {
        if (cancellation.isCanceled()) {
            throw new WorkFailureException(FailureClass.CANCELED, "canceled before it began");
        }
        long limit = work.getSpec().getLimits().getArtifactBytesMax();
        long reserve = limit > 0 ? Math.min(limit, artifactReserveBytes) : artifactReserveBytes;
        ArtifactTarget target;
        try {
            target = spool.reserve(attempt.workId(), attempt.attempt(), reserve, cancellation::isCanceled);
        } catch (IOException failure) {
            throw new WorkFailureException(
                    FailureClass.DISK_FULL, "no room for the artifact: " + message(failure), failure);
        }
        long startedNanos = System.nanoTime();
        WorkExecutor.Result result = executor.execute(work.getSpec(), work.getWorkId(), target, cancellation);
        WorkStatistics.Builder statistics = result.statistics().toBuilder().setQueuedMicros(queuedNanos / 1_000);
        if (statistics.getExecutionMicros() == 0) {
            statistics.setExecutionMicros((System.nanoTime() - startedNanos) / 1_000);
        }
        String url = spool.publish(attempt.workId(), attempt.attempt(), apiId, target.file(), result.artifact());
        return new Finished(url, result.artifact(), statistics.build());
    }

    private void fail(Attempt attempt, FailureClass failureClass, String message) {
        running.remove(attempt);
        try {
            spool.discard(attempt.workId(), attempt.attempt());
        } catch (RuntimeException failure) {
            LOG.warn("what a failed attempt left in the spool could not be deleted", failure);
        }
        outcomes.failed(attempt, failureClass, message);
    }

    private static String message(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
    }

    /** Cancels what runs and waits for it, at most that long; then leaves it to the end of the process. */
    public void close(long waitMillisMax) {
        running.values().forEach(ExecutionCancellation::cancel);
        pool.shutdown();
        try {
            if (!pool.awaitTermination(waitMillisMax, TimeUnit.MILLISECONDS)) {
                LOG.warn("{} executions did not stop within {} ms", running.size(), waitMillisMax);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        close(2_000);
    }
}
