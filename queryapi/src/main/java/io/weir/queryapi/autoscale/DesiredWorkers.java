package io.weir.queryapi.autoscale;

/**
 * The number of workers that a load asks for: what waits and runs, over what one worker should have at a time.
 *
 * <p>Pure. It never falls when the queue grows longer or older or more work runs, and never depends on how many workers there are: neither
 * moving work from the queue to a worker nor adding a worker changes it.
 */
public final class DesiredWorkers {
    private DesiredWorkers() {}

    /**
     * @param queued pieces of work that wait in this API
     * @param oldestQueuedMillis age of the oldest of them
     * @param inFlight pieces of work on workers
     * @param creditsPerWorker pieces of work that one worker lets this API have
     */
    public static int of(
            AutoscaleSettings settings, int queued, long oldestQueuedMillis, int inFlight, double creditsPerWorker) {
        double demand = inFlight + queued * pressure(settings, oldestQueuedMillis);
        // A worker always does at least one piece at a time.
        double perWorker = Math.max(1, creditsPerWorker * settings.creditShareTarget());
        double workers = Math.ceil(demand / perWorker);
        return (int) Math.clamp(workers, settings.workersMin(), settings.workersMax());
    }

    /** How many times over the queue counts: once while it is young, more the older it is. */
    static double pressure(AutoscaleSettings settings, long oldestQueuedMillis) {
        return Math.clamp((double) oldestQueuedMillis / settings.oldestTargetMillis(), 1, settings.pressureFactorMax());
    }
}
