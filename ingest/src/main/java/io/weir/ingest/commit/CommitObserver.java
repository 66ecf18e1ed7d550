package io.weir.ingest.commit;

/** Hears of commits, for metrics. Called on the commit thread; must return at once. */
@FunctionalInterface
public interface CommitObserver {
    /** One group became durable. */
    void committed(int requests, int samples, long durationNanos);
}
