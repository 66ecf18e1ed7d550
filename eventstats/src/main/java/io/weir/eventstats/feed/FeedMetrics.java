package io.weir.eventstats.feed;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/** The measurements of what is written about queries. Thread-safe. */
final class FeedMetrics {
    /** What is written. */
    enum What {
        SNAPSHOT,
        EVENT,
        HISTORY
    }

    final Counter failures;
    final Counter refused;
    final Timer write;
    private final MeterRegistry registry;
    private final Map<What, Counter> dropped = new EnumMap<>(What.class);
    private final Map<What, Counter> written = new EnumMap<>(What.class);

    FeedMetrics(MeterRegistry registry) {
        this.registry = registry;
        failures = Counter.builder("weir.feed.failures")
                .description("Attempts to write about queries that the database failed")
                .register(registry);
        refused = Counter.builder("weir.feed.refused")
                .description("First signals of queries not taken: the id was used before, or is another tenant's")
                .register(registry);
        write = Timer.builder("weir.feed.write")
                .description("Time to write what came together about queries")
                .publishPercentileHistogram()
                .register(registry);
        for (What what : What.values()) {
            String name = what.name().toLowerCase(Locale.ROOT);
            dropped.put(
                    what,
                    Counter.builder("weir.feed.dropped")
                            .description(
                                    "Writes about queries thrown away: too many waited, or the database refused them")
                            .tag("what", name)
                            .register(registry));
            written.put(
                    what,
                    Counter.builder("weir.feed.written")
                            .description("Writes about queries that are in the database")
                            .tag("what", name)
                            .register(registry));
        }
    }

    void waiting(Supplier<Number> jobs, Supplier<Number> bytes) {
        Gauge.builder("weir.feed.waiting", jobs)
                .description("Queries with something to be written about them")
                .register(registry);
        Gauge.builder("weir.feed.waiting.bytes", bytes)
                .description("Estimated memory of what waits to be written about queries")
                .register(registry);
    }

    void dropped(What what, int count) {
        Objects.requireNonNull(dropped.get(what)).increment(count);
    }

    void dropped(Backlog.Dropped parts) {
        if (parts.snapshots() > 0) {
            dropped(What.SNAPSHOT, parts.snapshots());
            dropped(What.EVENT, parts.events());
            dropped(What.HISTORY, parts.history());
        }
    }

    void written(What what, int count) {
        Objects.requireNonNull(written.get(what)).increment(count);
    }
}
