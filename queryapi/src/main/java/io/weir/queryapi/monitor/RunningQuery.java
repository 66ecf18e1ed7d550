package io.weir.queryapi.monitor;

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

    private final String queryId;
    private final String tenant;
    private final String text;
    private final String kind;
    private final long startMillis;
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

    /**
     * @param text the query or what else is asked
     * @param kind instant, range, stream, series or labels
     * @param startMillis wall clock
     * @param timeoutMillis longest it may take
     * @param cancel given the reason
     */
    public RunningQuery(
            String queryId,
            String tenant,
            String text,
            String kind,
            long startMillis,
            long timeoutMillis,
            Consumer<String> cancel) {
        this.timeoutMillis = timeoutMillis;
        this.queryId = queryId;
        this.tenant = tenant;
        this.text = text;
        this.kind = kind;
        this.startMillis = startMillis;
        this.cancel = cancel;
    }

    public String queryId() {
        return queryId;
    }

    public String tenant() {
        return tenant;
    }

    public String text() {
        return text;
    }

    public String kind() {
        return kind;
    }

    public long startMillis() {
        return startMillis;
    }

    public long timeoutMillis() {
        return timeoutMillis;
    }

    public Phase phase() {
        return phase;
    }

    public void phase(Phase next) {
        phase = next;
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
