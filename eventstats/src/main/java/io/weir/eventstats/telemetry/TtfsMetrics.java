package io.weir.eventstats.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.weir.eventstats.telemetry.TtfsEvent.Surface;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The metrics {@code ttfs_...} of events that this process stored, by surface. An event counts once it is committed, so that a request which is
 * sent again after a failure counts once.
 */
final class TtfsMetrics {
    /** Half of the signals should be shown by then, in ms; the seed's views use the same bound. */
    static final int P50_OBJECTIVE_MILLIS = 2_000;
    /** 95 % of the signals should be shown by then, in ms. */
    static final int P95_OBJECTIVE_MILLIS = 5_000;

    private record OfSurface(
            Timer latency,
            Counter signals,
            Counter cacheHits,
            Counter errors,
            Counter p50Breaches,
            Counter p95Breaches) {}

    private final Map<Surface, OfSurface> bySurface = new EnumMap<>(Surface.class);

    TtfsMetrics(MeterRegistry registry) {
        for (Surface surface : Surface.values()) {
            bySurface.put(surface, ofSurface(registry, surface.text()));
        }
    }

    private static OfSurface ofSurface(MeterRegistry registry, String surface) {
        Timer latency = Timer.builder("ttfs.latency")
                .description("From a request to the first signal shown for it")
                .tag("surface", surface)
                .publishPercentileHistogram()
                // Alerts and objectives need these bounds as buckets.
                .serviceLevelObjectives(
                        Duration.ofMillis(P50_OBJECTIVE_MILLIS), Duration.ofMillis(P95_OBJECTIVE_MILLIS))
                .maximumExpectedValue(Duration.ofSeconds(60))
                .register(registry);
        return new OfSurface(
                latency,
                counter(
                        registry,
                        "ttfs.signal",
                        "Waits for a first signal that ended: shown, failed or timed out",
                        surface),
                counter(registry, "ttfs.cache.hit", "First signals shown that came from a cache", surface),
                counter(registry, "ttfs.error", "Waits for a first signal that failed or timed out", surface),
                breaches(registry, surface, "p50"),
                breaches(registry, surface, "p95"));
    }

    private static Counter counter(MeterRegistry registry, String name, String description, String surface) {
        return Counter.builder(name)
                .description(description)
                .tag("surface", surface)
                .register(registry);
    }

    private static Counter breaches(MeterRegistry registry, String surface, String objective) {
        return Counter.builder("ttfs.slo.breach")
                .description("First signals shown later than the bound of an objective: p50 is 2 s, p95 is 5 s")
                .tag("surface", surface)
                .tag("objective", objective)
                .register(registry);
    }

    /** Counts stored events. */
    void stored(List<TtfsEvent> events) {
        for (TtfsEvent event : events) {
            OfSurface metrics = Objects.requireNonNull(bySurface.get(event.surface()));
            switch (event.type()) {
                case RENDERED -> rendered(metrics, event);
                case TIMEOUT, ERROR -> {
                    metrics.signals().increment();
                    metrics.errors().increment();
                }
                // Steps on the way to a signal, not its end.
                case START, CACHE_HIT, COLD_START -> {}
            }
        }
    }

    private static void rendered(OfSurface metrics, TtfsEvent event) {
        metrics.latency().record(Duration.ofMillis(event.ttfsMillis()));
        metrics.signals().increment();
        if (event.cacheHit()) {
            metrics.cacheHits().increment();
        }
        if (event.ttfsMillis() > P50_OBJECTIVE_MILLIS) {
            metrics.p50Breaches().increment();
        }
        if (event.ttfsMillis() > P95_OBJECTIVE_MILLIS) {
            metrics.p95Breaches().increment();
        }
    }
}
