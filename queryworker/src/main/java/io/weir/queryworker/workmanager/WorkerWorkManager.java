package io.weir.queryworker.workmanager;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.control.v1.WorkStatistics;
import io.weir.proto.log.LogContext;
import io.weir.proto.trace.Trace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

    /** A started execution. */
    private static final class Execution {
        final String apiId;
        final AssignWork work;
        final Attempt attempt;
        final long receivedNanos;
        final ExecutionCancellation cancellation;
        final Trace trace;
        /** Guarded by the lock of abandoning: whether its outcome was told. */
        boolean reported;

        boolean abandoned;

        Execution(String apiId, AssignWork work, long receivedNanos, ExecutionCancellation cancellation, Trace trace) {
            this.apiId = apiId;
            this.work = work;
            this.attempt = new Attempt(work.getWorkId(), work.getAttempt());
            this.receivedNanos = receivedNanos;
            this.cancellation = cancellation;
            this.trace = trace;
        }

        LogContext logContext() {
            return LogContext.ofWork(work.getQueryId(), work.getWorkId(), trace);
        }
    }

    private final WorkExecutor executor;
    private final ArtifactSpool spool;
    private final Outcomes outcomes;
    private final int slots;
    private final long artifactReserveBytes;
    private final CancelSettings cancelSettings;
    private final ThreadPoolExecutor pool;
    private final ConcurrentHashMap<Attempt, Execution> running = new ConcurrentHashMap<>();
    private final Timer taskTimer;
    private final Timer cancelTimer;
    private final Counter abandonedCounter;
    private final ReentrantLock abandoning = new ReentrantLock();
    private volatile int abandoned;

    public WorkerWorkManager(
            WorkExecutor executor,
            ArtifactSpool spool,
            int slots,
            long artifactReserveBytes,
            CancelSettings cancelSettings,
            MeterRegistry registry,
            Outcomes outcomes) {
        this.executor = executor;
        this.spool = spool;
        this.outcomes = outcomes;
        this.slots = slots;
        this.artifactReserveBytes = artifactReserveBytes;
        this.cancelSettings = cancelSettings;
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
                .description("From the cancellation of running work, as it reaches this worker, to its slot being free")
                .publishPercentileHistogram()
                .register(registry);
        this.abandonedCounter = Counter.builder("weir_cancel_abandoned_total")
                .description("Canceled executions that did not stop in time and lost their slot")
                .register(registry);
        Gauge.builder("weir_worker_abandoned", () -> abandoned)
                .description("Canceled executions that have lost their slot and still run")
                .register(registry);
    }

    /**
     * Runs the work.
     *
     * @param receivedNanos when the work came in
     * @param trace the span of the work; children show the execution
     */
    public void start(String apiId, AssignWork work, long receivedNanos, long remainingMillis, Trace trace) {
        Execution execution = new Execution(
                apiId,
                work,
                receivedNanos,
                new ExecutionCancellation(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(remainingMillis)),
                trace);
        running.put(execution.attempt, execution);
        pool.execute(() -> run(execution));
    }

    /** Tells an execution to stop, without waiting for it; none if it has ended. */
    public void cancel(Attempt attempt) {
        Execution execution = running.get(attempt);
        if (execution != null && execution.cancellation.cancel()) {
            Thread.ofVirtual().name("weir-cancel").start(() -> stop(execution));
        }
    }

    /** Presses until the execution has ended, or takes its slot away. */
    private void stop(Execution execution) {
        ExecutionCancellation cancellation = execution.cancellation;
        try (LogContext context = execution.logContext()) {
            do {
                cancellation.press();
                if (cancellation.awaitEnd(cancelSettings.repeatMillis())) {
                    return;
                }
                cancellation.interrupt();
            } while (millisSince(cancellation.canceledNanos()) < cancelSettings.slotMillisMax());
            abandon(execution);
            while (!cancellation.awaitEnd(cancelSettings.slotMillisMax())) {
                cancellation.press();
                cancellation.interrupt();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static long millisSince(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }

    private void abandon(Execution execution) {
        abandoning.lock();
        try {
            if (execution.reported) {
                return;
            }
            if (abandoned >= cancelSettings.abandonedMax()) {
                LOG.error(
                        "canceled work has not stopped within {} ms and keeps its slot, {} executions have lost theirs"
                                + " already; restart this worker",
                        cancelSettings.slotMillisMax(),
                        abandoned);
                return;
            }
            execution.reported = true;
            execution.abandoned = true;
            abandoned++;
            pool.setMaximumPoolSize(slots + abandoned);
            pool.setCorePoolSize(slots + abandoned);
        } finally {
            abandoning.unlock();
        }
        running.remove(execution.attempt, execution);
        abandonedCounter.increment();
        LOG.error(
                "canceled work has not stopped within {} ms, attempt {}: its slot goes to other work",
                cancelSettings.slotMillisMax(),
                execution.attempt.attempt());
        recordCancellation(execution);
        outcomes.failed(
                execution.attempt,
                FailureClass.CANCELED,
                "it did not stop within " + cancelSettings.slotMillisMax() + " ms");
    }

    private void run(Execution execution) {
        ExecutionCancellation cancellation = execution.cancellation;
        long startedNanos = System.nanoTime();
        try (LogContext context = execution.logContext();
                Trace span = execution.trace.child("execute")) {
            cancellation.begin();
            Outcome outcome;
            try {
                outcome = span.call(() -> attempt(execution, startedNanos));
            } finally {
                // From here on the thread is nobody's to interrupt.
                cancellation.end();
            }
            if (outcome instanceof Failed failed) {
                span.fail(failed.message);
            }
            taskTimer.record(System.nanoTime() - startedNanos, TimeUnit.NANOSECONDS);
            tell(execution, outcome);
        }
    }

    /** How an execution ended. */
    private sealed interface Outcome permits Succeeded, Failed {}

    private record Succeeded(Finished finished) implements Outcome {}

    private record Failed(FailureClass failureClass, String message) implements Outcome {}

    private Outcome attempt(Execution execution, long startedNanos) {
        int attempt = execution.attempt.attempt();
        try {
            return new Succeeded(execute(execution, startedNanos - execution.receivedNanos));
        } catch (WorkFailureException | RuntimeException | Error failure) {
            if (execution.cancellation.wasCanceled()) {
                // What an interrupted piece of code says of it is of no interest.
                LOG.debug("stopped, attempt {}: {}", attempt, failure.toString());
                return new Failed(FailureClass.CANCELED, message(failure));
            }
            return switch (failure) {
                case WorkFailureException known -> {
                    LOG.info("work failed, attempt {}: {}: {}", attempt, known.failureClass(), known.getMessage());
                    yield new Failed(known.failureClass(), message(known));
                }
                case OutOfMemoryError memory -> {
                    LOG.warn("out of memory, attempt {}", attempt, memory);
                    yield new Failed(FailureClass.OUT_OF_MEMORY, "the worker's heap is exhausted: " + message(memory));
                }
                case Throwable defect -> {
                    LOG.warn("work failed unexpectedly, attempt {}", attempt, defect);
                    yield new Failed(FailureClass.INTERNAL, message(defect));
                }
            };
        }
    }

    private Finished execute(Execution execution, long queuedNanos) throws WorkFailureException {
        Attempt attempt = execution.attempt;
        AssignWork work = execution.work;
        if (execution.cancellation.isCanceled()) {
            throw new WorkFailureException(FailureClass.CANCELED, "canceled before it began");
        }
        long limit = work.getSpec().getLimits().getArtifactBytesMax();
        long reserve = limit > 0 ? Math.min(limit, artifactReserveBytes) : artifactReserveBytes;
        ArtifactTarget target;
        try {
            target = spool.reserve(attempt.workId(), attempt.attempt(), reserve, execution.cancellation::isCanceled);
        } catch (IOException failure) {
            throw new WorkFailureException(
                    FailureClass.DISK_FULL, "no room for the artifact: " + message(failure), failure);
        }
        boolean published = false;
        try {
            long startedNanos = System.nanoTime();
            WorkExecutor.Result result =
                    executor.execute(work.getSpec(), work.getWorkId(), target, execution.cancellation);
            WorkStatistics.Builder statistics = result.statistics().toBuilder().setQueuedMicros(queuedNanos / 1_000);
            if (statistics.getExecutionMicros() == 0) {
                statistics.setExecutionMicros((System.nanoTime() - startedNanos) / 1_000);
            }
            String url = spool.publish(
                    attempt.workId(), attempt.attempt(), execution.apiId, target.file(), result.artifact());
            published = true;
            return new Finished(url, result.artifact(), statistics.build());
        } finally {
            if (!published) {
                discard(attempt, target.file());
            }
        }
    }

    /** Deletes what is left of an attempt, before its slot is free. */
    private void discard(Attempt attempt, @Nullable Path target) {
        try {
            spool.discard(attempt.workId(), attempt.attempt());
            if (target != null) {
                Files.deleteIfExists(target);
            }
        } catch (IOException | RuntimeException failure) {
            LOG.warn("what a failed attempt left in the spool could not be deleted", failure);
        }
    }

    private void tell(Execution execution, Outcome outcome) {
        boolean told;
        abandoning.lock();
        try {
            told = execution.reported;
            execution.reported = true;
            if (execution.abandoned) {
                abandoned--;
                pool.setCorePoolSize(slots + abandoned);
                pool.setMaximumPoolSize(slots + abandoned);
            }
        } finally {
            abandoning.unlock();
        }
        if (told) {
            if (outcome instanceof Succeeded) {
                discard(execution.attempt, null);
            }
            LOG.warn(
                    "canceled work has stopped at last, {} ms after its cancellation",
                    millisSince(execution.cancellation.canceledNanos()));
            return;
        }
        running.remove(execution.attempt, execution);
        if (execution.cancellation.wasCanceled()) {
            recordCancellation(execution);
            LOG.info(
                    "stopped {} ms after its cancellation, attempt {}",
                    millisSince(execution.cancellation.canceledNanos()),
                    execution.attempt.attempt());
        }
        switch (outcome) {
            case Succeeded succeeded -> outcomes.succeeded(execution.attempt, succeeded.finished);
            case Failed failed -> outcomes.failed(execution.attempt, failed.failureClass, failed.message);
        }
    }

    private void recordCancellation(Execution execution) {
        cancelTimer.record(System.nanoTime() - execution.cancellation.canceledNanos(), TimeUnit.NANOSECONDS);
    }

    private static String message(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
    }

    /** Cancels what runs and waits for it, at most that long; then leaves it to the end of the process. */
    public void close(long waitMillisMax) {
        running.keySet().forEach(this::cancel);
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
