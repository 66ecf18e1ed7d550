package io.weir.precompute.schedule;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.metrics.FeedbackMetrics;
import io.weir.precompute.metrics.TickMetrics;
import io.weir.precompute.result.ResultCache;
import io.weir.precompute.source.TickSource;
import io.weir.proto.stream.Mailbox;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the ticks of the jobs that this process owns: a {@link Schedule} in a mailbox, and a virtual thread for each running tick. */
public final class TickScheduler implements JobOwner, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TickScheduler.class);
    /** Hanging ticks, a wall clock that jumps and results past their grace time are noticed within this time. */
    private static final long WAKE_MILLIS_MAX = 1_000;
    /** Of {@link JobOwner#disown}. */
    private static final long DISOWN_MILLIS_MAX = 1_000;
    /** Interrupted ticks get so long to end when this is closed. */
    private static final long CLOSE_MILLIS_MAX = 2_000;
    /** Messages beside the ends of ticks, whose number is bounded: who posts more waits. */
    private static final int WAITING_MESSAGES_MAX = 1_024;

    private final TickSettings settings;
    private final TickSource source;
    private final ResultCache results;
    private final TickRecorder recorder;
    private final FeedbackMetrics feedback;
    private final TickMetrics metrics;
    private final LongSupplier wallMillis;
    private final LongSupplier nanoTime;
    private final TickRunner runner;
    private final Schedule schedule;
    private final Mailbox mailbox;
    private final ConcurrentHashMap<Long, Thread> threads = new ConcurrentHashMap<>();
    /** Jobs of which nothing may be told any more, though the schedule may not know yet. */
    private final Set<String> disowned = ConcurrentHashMap.newKeySet();

    private final long originNanos;
    private volatile boolean closed;

    /**
     * What a scheduler needs.
     *
     * @param source closed by whoever made it, after this
     * @param recorder closed after this
     * @param wallMillis tells which ticks are due
     * @param nanoTime {@link System#nanoTime}
     * @param onStopped called once when a defect has ended it, so that others run its jobs; must not wait
     */
    public record Parts(
            TickSettings settings,
            TickSource source,
            ResultCache results,
            TickRecorder recorder,
            FeedbackMetrics feedback,
            TickMetrics metrics,
            LongSupplier wallMillis,
            LongSupplier nanoTime,
            Runnable onStopped) {}

    private TickScheduler(Parts parts) {
        this.settings = parts.settings();
        this.source = parts.source();
        this.results = parts.results();
        this.recorder = parts.recorder();
        this.feedback = parts.feedback();
        this.metrics = parts.metrics();
        this.wallMillis = parts.wallMillis();
        this.nanoTime = parts.nanoTime();
        this.originNanos = nanoTime.getAsLong();
        this.runner = new TickRunner(source, settings.annotationsMax(), wallMillis);
        this.schedule = new Schedule(settings);
        this.mailbox = new Mailbox(
                "weir-precompute-scheduler",
                settings.runningMax() + WAITING_MESSAGES_MAX,
                parts.nanoTime(),
                new Timers(),
                defect -> stopped(parts.onStopped()));
    }

    /** A scheduler that runs what it is given. */
    public static TickScheduler start(Parts parts) {
        TickScheduler scheduler = new TickScheduler(parts);
        scheduler.mailbox.start();
        return scheduler;
    }

    /** A defect has ended the mailbox; on its thread. Nothing runs any more: ticks that end must not wait for it. */
    private void stopped(Runnable onStopped) {
        closed = true;
        metrics.defect();
        metrics.stopped();
        LOG.error("no precompute job runs in this process any more: its jobs are given to others; restart it");
        onStopped.run();
    }

    private final class Timers implements Mailbox.Timers {
        @Override
        public long nextTimerMillis() {
            long waitMillis = Math.max(0, schedule.nextWakeMillis() - wallMillis.getAsLong());
            return mailbox.nowMillis() + Math.min(WAKE_MILLIS_MAX, waitMillis);
        }

        @Override
        public void tick() {
            step(schedule::wake);
            results.sweep();
        }
    }

    private Moment now() {
        return new Moment(wallMillis.getAsLong(), nanoTime.getAsLong() - originNanos);
    }

    /** One step of the state machine with its effects; on the mailbox' thread. */
    private void step(Function<Moment, List<ScheduleEffect>> transition) {
        for (ScheduleEffect effect : transition.apply(now())) {
            try {
                execute(effect);
            } catch (RuntimeException defect) {
                metrics.defect();
                LOG.error(
                        "the scheduler of precompute goes on without {}: this is a defect",
                        effect.getClass().getSimpleName(),
                        defect);
            }
        }
        metrics.now(schedule.runningCount(), schedule.readyCount(), schedule.counts());
    }

    private void execute(ScheduleEffect effect) {
        switch (effect) {
            case ScheduleEffect.Start start -> startTick(start);
            case ScheduleEffect.Cancel cancel -> {
                Thread thread = threads.get(cancel.tickId());
                if (thread != null) {
                    thread.interrupt();
                }
            }
            case ScheduleEffect.Count count -> count(count);
            case ScheduleEffect.Skip skip -> {
                metrics.skipped(skip.ticks());
                LOG.debug("precompute job {} missed {} ticks", skip.jobId(), skip.ticks());
            }
            case ScheduleEffect.Publish publish -> {
                if (!disowned.contains(publish.job().jobId())) {
                    results.put(publish.job(), publish.result());
                    metrics.result(publish.job().jobId(), publish.result().evalMillis());
                }
            }
            case ScheduleEffect.Record record -> {
                if (!disowned.contains(record.job().jobId())) {
                    recorder.record(record.job(), record.epoch(), record.statistics(), record.result());
                }
            }
            case ScheduleEffect.Expire expire -> {
                LOG.info("precompute job {} has expired", expire.jobId());
                results.remove(expire.jobId(), true);
            }
            case ScheduleEffect.Forget forget -> source.forget(forget.jobId());
        }
    }

    private void startTick(ScheduleEffect.Start start) {
        metrics.started(start.lagMillis());
        Thread thread = Thread.ofVirtual()
                .name("weir-precompute-tick-" + start.tickId())
                .unstarted(() -> runTick(start));
        threads.put(start.tickId(), thread);
        thread.start();
    }

    private void runTick(ScheduleEffect.Start start) {
        // Of an Error: whatever ends the thread, the tick has to end, too.
        TickOutcome outcome = new TickOutcome.Failed("the tick failed inside Weir; its log says why", Optional.empty());
        try {
            long deadlineNanos = nanoTime.getAsLong() + TimeUnit.MILLISECONDS.toNanos(settings.durationMillisMax());
            outcome = runner.run(start.job(), start.evalMillis(), deadlineNanos);
        } catch (Error error) {
            // As of an expression that is too deep. The thread ends here in any case.
            LOG.error(
                    "tick {} of precompute job {} failed",
                    start.evalMillis(),
                    start.job().jobId(),
                    error);
        } finally {
            TickOutcome ended = outcome;
            threads.remove(start.tickId());
            // It may be interrupted, now or while it posts; its slot must not be lost by that.
            do {
                Thread.interrupted();
            } while (!mailbox.post(() -> step(now -> schedule.ended(start.tickId(), ended, now))) && !closed);
        }
    }

    private void count(ScheduleEffect.Count count) {
        long nanos = count.durationNanos();
        switch (count.outcome()) {
            case TickOutcome.Done done -> {
                feedback.cycle(nanos);
                metrics.ended(count.jobId(), TickMetrics.Outcome.SUCCESS);
            }
            case TickOutcome.Incomplete incomplete -> {
                feedback.cycle(nanos);
                metrics.ended(count.jobId(), TickMetrics.Outcome.INCOMPLETE);
            }
            case TickOutcome.Failed failed -> {
                feedback.cycle(nanos);
                metrics.ended(count.jobId(), TickMetrics.Outcome.FAILED);
                failed.cause().ifPresent(cause -> {
                    feedback.pullError();
                    metrics.pullError(cause);
                });
                LOG.debug("a tick of precompute job {} failed: {}", count.jobId(), failed.message());
            }
            case TickOutcome.Canceled canceled -> metrics.ended(count.jobId(), TickMetrics.Outcome.CANCELED);
        }
    }

    /** As in the contract; waits only while {@value #WAITING_MESSAGES_MAX} other messages do. */
    @Override
    public void own(Job job, long epoch, JobStatistics before) {
        mailbox.post(() -> {
            disowned.remove(job.jobId());
            results.add(job);
            metrics.add(job.jobId());
            step(now -> schedule.own(job, epoch, before, now));
        });
    }

    @Override
    public void disown(String jobId) {
        disowned.add(jobId);
        CountDownLatch done = new CountDownLatch(1);
        boolean posted = mailbox.post(() -> {
            step(now -> schedule.disown(jobId, now));
            metrics.remove(jobId);
            disowned.remove(jobId);
            done.countDown();
        });
        try {
            if (posted && !done.await(DISOWN_MILLIS_MAX, TimeUnit.MILLISECONDS)) {
                LOG.warn(
                        "precompute job {} is given up, but its scheduler is behind by more than {} ms",
                        jobId,
                        DISOWN_MILLIS_MAX);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the ticks that run. Nothing is recorded any more. */
    @Override
    public void close() {
        closed = true;
        mailbox.close();
        List<Thread> left = new ArrayList<>(threads.values());
        left.forEach(Thread::interrupt);
        long endNanos = nanoTime.getAsLong() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS_MAX);
        try {
            for (Thread thread : left) {
                long waitNanos = Math.max(1, endNanos - nanoTime.getAsLong());
                if (!thread.join(Duration.ofNanos(waitNanos))) {
                    LOG.warn("{} does not end; it is left behind", thread.getName());
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        metrics.clear();
    }
}
