package io.weir.precompute.router;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** What became of the queries that were looked for, and how old the answers were; all there from the start. Thread-safe. */
final class RouterMetrics {
    private static final Duration[] AGES = {
        Duration.ofSeconds(1),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofMinutes(1),
        Duration.ofMinutes(2),
        Duration.ofMinutes(5),
        Duration.ofMinutes(15),
        Duration.ofHours(1)
    };

    private final Counter hits;
    private final Counter quantileHits;
    private final Map<MissReason, Counter> misses = new EnumMap<>(MissReason.class);
    private final Timer age;

    RouterMetrics(MeterRegistry registry) {
        hits = lookups(registry, "hit");
        quantileHits = lookups(registry, "other_quantile");
        for (MissReason reason : MissReason.values()) {
            misses.put(reason, lookups(registry, reason.text()));
        }
        age = Timer.builder("weir.precompute.hit.age")
                .description("Age of the newest tick in answers from precomputed results, when they were asked for")
                .serviceLevelObjectives(AGES)
                .register(registry);
    }

    private static Counter lookups(MeterRegistry registry, String outcome) {
        return Counter.builder("weir.precompute.lookups")
                .description("Queries looked for in precomputed results: hits, hits by another quantile, and misses by"
                        + " reason")
                .tag("outcome", outcome)
                .register(registry);
    }

    void hit(boolean isOtherQuantile, long ageMillis) {
        (isOtherQuantile ? quantileHits : hits).increment();
        age.record(Duration.ofMillis(Math.max(0, ageMillis)));
    }

    void miss(MissReason reason) {
        Objects.requireNonNull(misses.get(reason)).increment();
    }
}
