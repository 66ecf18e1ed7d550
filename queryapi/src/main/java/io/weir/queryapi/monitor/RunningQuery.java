package io.weir.queryapi.monitor;

import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A running query's phase and progress, written by its own thread and the work manager's, read by everybody. */
public final class RunningQuery {
    /** What a query is busy with. */
    public enum Phase {
        QUEUED,
        PLANNING,
        WORKING,
        EVALUATING,
        SENDING
    }

    /** Progress within a phase is told at most so often. */
    private static final long TOLD_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final AskedQuery asked;
    private final QueryTelling telling;
    private final long timeoutMillis;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Consumer<String> cancel;
    private volatile Phase phase = Phase.QUEUED;
    private volatile int unitsTotal;
    private volatile int unitsDone;
    private volatile int workers;
    private volatile int stepsTotal;
    private volatile int stepsDone;
    private volatile long samplesRead;
    private volatile boolean precomputed;
    /** Guarded by the lock of the work's inbox. */
    private long toldNanos;

    /**
     * @param timeoutMillis longest it may take
     * @param cancel given the reason
     * @param telling tells of what this learns
     */
    public RunningQuery(AskedQuery asked, long timeoutMillis, Consumer<String> cancel, QueryTelling telling) {
        this.asked = asked;
        this.timeoutMillis = timeoutMillis;
        this.cancel = cancel;
        this.telling = telling;
        this.toldNanos = System.nanoTime();
    }

    public String queryId() {
        return asked.queryId();
    }

    public String tenant() {
        return asked.tenant();
    }

    public String text() {
        return asked.text();
    }

    public String kind() {
        return asked.kind();
    }

    public long startMillis() {
        return asked.startMillis();
    }

    public long timeoutMillis() {
        return timeoutMillis;
    }

    public Phase phase() {
        return phase;
    }

    /** Goes on to a phase; for the query's thread. */
    public void phase(Phase next) {
        if (phase != next) {
            phase = next;
            telling.advanced(told(next), progress());
        }
    }

    /** The first part of the result goes to the client. */
    public void firstResult() {
        telling.firstResult(told(phase), progress());
    }

    /** What the listeners of queries call a phase. */
    public static QueryEvent.Phase told(Phase phase) {
        return switch (phase) {
            case QUEUED -> QueryEvent.Phase.QUEUED;
            case PLANNING -> QueryEvent.Phase.PLANNING;
            case WORKING -> QueryEvent.Phase.WORKING;
            case EVALUATING -> QueryEvent.Phase.EVALUATING;
            case SENDING -> QueryEvent.Phase.SENDING;
        };
    }

    /** How far its work has come. */
    public QueryEvent.Progress progress() {
        return new QueryEvent.Progress(unitsDone, unitsTotal, workers, samplesRead, precomputed);
    }

    /** Its answer was computed before; told before anything of it is sent. */
    public void precomputed() {
        precomputed = true;
    }

    public int unitsTotal() {
        return unitsTotal;
    }

    public int unitsDone() {
        return unitsDone;
    }

    /** Sets the progress of the work; called under the lock of the work's inbox. */
    public void units(int done, int total, long samples, int ofWorkers) {
        workers = ofWorkers;
        unitsDone = done;
        unitsTotal = total;
        samplesRead = samples;
        long now = System.nanoTime();
        if (done > 0 && now - toldNanos >= TOLD_INTERVAL_NANOS) {
            toldNanos = now;
            telling.advanced(told(phase), progress());
        }
    }

    /** Workers that have computed a part of the result. */
    public int workers() {
        return workers;
    }

    public int stepsTotal() {
        return stepsTotal;
    }

    public int stepsDone() {
        return stepsDone;
    }

    public void steps(int done, int total) {
        stepsDone = done;
        stepsTotal = total;
    }

    public long samplesRead() {
        return samplesRead;
    }

    /** Asks it to stop; it has not ended yet when this returns. */
    public void cancel(String reason) {
        cancel.accept(reason);
    }

    /** Nothing of it is left in this process. */
    void end() {
        ended.countDown();
    }

    public boolean hasEnded() {
        return ended.getCount() == 0;
    }

    /** Waits for its end, at most so long; false if it has not ended. */
    public boolean awaitEnd(long millis) throws InterruptedException {
        return ended.await(millis, TimeUnit.MILLISECONDS);
    }
}
