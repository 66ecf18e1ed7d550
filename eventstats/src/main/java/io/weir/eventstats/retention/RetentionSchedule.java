package io.weir.eventstats.retention;

import io.weir.eventstats.retention.Retention.Attempt;
import io.weir.eventstats.retention.RetentionRun.Origin;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the retention once an interval, and when somebody asks, on a thread of its own. Every process has one; the runs' lock and their table see to
 * it that the processes together run once an interval.
 */
public final class RetentionSchedule implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RetentionSchedule.class);
    /** After the start of a process, so that it can answer first. */
    private static final long FIRST_MILLIS = 30_000;

    private static final long CLOSE_MILLIS_MAX = 5_000;

    private final RetentionSettings settings;
    private final Retention retention;
    private final Clock clock;
    private final Semaphore asked = new Semaphore(0);
    /** Held by whoever has asked, until that run is over. */
    private final Semaphore room = new Semaphore(1);

    private final AtomicReference<@Nullable Instant> next = new AtomicReference<>();
    private final Thread thread;
    private volatile boolean closing;

    private RetentionSchedule(RetentionSettings settings, Retention retention, Clock clock) {
        this.settings = settings;
        this.retention = retention;
        this.clock = clock;
        this.thread = Thread.ofVirtual().name("weir-retention").unstarted(this::loop);
    }

    /** Starts. */
    public static RetentionSchedule start(RetentionSettings settings, Retention retention, Clock clock) {
        RetentionSchedule schedule = new RetentionSchedule(settings, retention, clock);
        schedule.thread.start();
        return schedule;
    }

    /** When this process will try again; empty if it does not, or is at it. */
    public Optional<Instant> next() {
        return Optional.ofNullable(next.get());
    }

    Instant now() {
        return clock.instant();
    }

    /** Asks for a run; false if one that was asked for is not over. */
    public boolean request() {
        if (!room.tryAcquire()) {
            return false;
        }
        asked.release();
        return true;
    }

    private void loop() {
        try {
            long waitMillis = Math.min(FIRST_MILLIS, settings.intervalMillis());
            long dueNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMillis);
            while (!closing) {
                waitMillis = Math.max(0, TimeUnit.NANOSECONDS.toMillis(dueNanos - System.nanoTime()));
                next.set(settings.enabled() ? clock.instant().plusMillis(waitMillis) : null);
                boolean isAsked = settings.enabled() ? asked.tryAcquire(waitMillis, TimeUnit.MILLISECONDS) : asked();
                if (closing) {
                    return;
                }
                next.set(null);
                once(isAsked ? Origin.REQUEST : Origin.SCHEDULE);
                if (isAsked) {
                    room.release();
                } else {
                    dueNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.intervalMillis());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean asked() throws InterruptedException {
        asked.acquire();
        return true;
    }

    private void once(Origin origin) {
        try {
            switch (retention.run(origin, () -> closing)) {
                case Attempt.Ran(RetentionRun run) ->
                    LOG.info("retention {}: {}", run.outcome().text(), run.rowsByTable());
                case Attempt.Busy busy -> LOG.info("retention: another process is at it");
                case Attempt.NotDue notDue -> LOG.debug("retention: another process has done it");
            }
        } catch (RuntimeException e) {
            LOG.warn("the retention failed and is tried again in at most {} ms", settings.intervalMillis(), e);
        }
    }

    @Override
    public void close() throws InterruptedException {
        closing = true;
        asked.release();
        if (!thread.join(Duration.ofMillis(CLOSE_MILLIS_MAX))) {
            thread.interrupt();
        }
    }
}
