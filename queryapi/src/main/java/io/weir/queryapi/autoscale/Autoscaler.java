package io.weir.queryapi.autoscale;

/**
 * What an API asks for over time: at once more workers when the load grows, fewer only when it has been lower for the whole hold time.
 *
 * <p>One thread observes; any thread asks, without waiting.
 */
public final class Autoscaler {
    private final AutoscaleSettings settings;
    private final HeldPeak peak;
    private volatile double creditsPerWorker;

    public Autoscaler(AutoscaleSettings settings) {
        this.settings = settings;
        this.peak = new HeldPeak(settings.holdMillis());
        this.creditsPerWorker = settings.creditsPerWorkerAssumed();
    }

    /**
     * Notes the load of this moment.
     *
     * @param capacity credits of the workers that accept work
     * @param accepting how many these are
     */
    public void observe(
            int queued, long oldestQueuedMillis, int inFlight, int capacity, int accepting, long nowMillis) {
        if (accepting > 0 && capacity > 0) {
            creditsPerWorker = (double) capacity / accepting;
        }
        peak.note(DesiredWorkers.of(settings, queued, oldestQueuedMillis, inFlight, creditsPerWorker), nowMillis);
    }

    /** The workers asked for now, given the load of this moment. */
    public int desiredWorkers(int queued, long oldestQueuedMillis, int inFlight, long nowMillis) {
        int current = DesiredWorkers.of(settings, queued, oldestQueuedMillis, inFlight, creditsPerWorker);
        return Math.max(current, peak.peak(nowMillis));
    }
}
