package io.weir.precompute.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/**
 * The four metrics that the controller reads to plan anew, by the names of its contract and without labels; there from the start. Thread-safe.
 */
public final class FeedbackMetrics {
    private final Timer jobDuration;
    private final Counter cacheHits;
    private final Counter cacheMisses;
    private final Counter sketchPullErrors;

    public FeedbackMetrics(MeterRegistry registry) {
        jobDuration = Timer.builder("asapquery.precompute.job.duration")
                .description("Wall time of a cycle of a precompute job, successful or failed")
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(1))
                .maximumExpectedValue(Duration.ofSeconds(60))
                .register(registry);
        cacheHits = counter(registry, "cache.hits", "Queries answered from precomputed results");
        cacheMisses = counter(registry, "cache.misses", "Queries that no precomputed result answered");
        sketchPullErrors =
                counter(registry, "sketch.pull.errors", "Cycles of jobs whose source did not deliver what they need");
    }

    private static Counter counter(MeterRegistry registry, String name, String description) {
        return Counter.builder("asapquery.precompute." + name)
                .description(description)
                .register(registry);
    }

    /** A cycle ended, with or without a result. One that was cancelled is none. */
    public void cycle(long nanos) {
        jobDuration.record(Duration.ofNanos(nanos));
    }

    /** A user's query was answered from results. */
    public void hit() {
        cacheHits.increment();
    }

    /** A user's query went to the data, and did not ask for that. */
    public void miss() {
        cacheMisses.increment();
    }

    /** A source did not deliver. */
    public void pullError() {
        sketchPullErrors.increment();
    }
}
