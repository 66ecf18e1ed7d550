package io.weir.queryapi.background;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.weir.queryapi.monitor.EngineMetrics;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The measurements of queries that no user waits for; users' measurements stay as if they did not exist. Thread-safe. */
final class BackgroundMetrics implements EngineMetrics {
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofMillis(2500),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30)
    };

    private final MeterRegistry registry;
    private final Map<Outcome, Timer> queries = new HashMap<>();
    private final Timer waits;
    private final Counter samples;
    private final Counter reruns;

    /** How a query ended. */
    enum Outcome {
        SUCCESS("success"),
        FAILED("failed"),
        CANCELED("canceled"),
        REFUSED("refused");

        private final String tag;

        Outcome(String tag) {
            this.tag = tag;
        }
    }

    BackgroundMetrics(MeterRegistry registry) {
        this.registry = registry;
        for (Outcome outcome : List.of(Outcome.values())) {
            queries.put(
                    outcome,
                    timer("weir.background.query", "Time of a query that no user waits for", "outcome", outcome.tag));
        }
        waits = timer("weir.background.wait", "Time that a query that no user waits for waited for its turn");
        samples = Counter.builder("weir.background.samples")
                .description("Samples read by the work of queries that no user waits for")
                .register(registry);
        reruns = Counter.builder("weir.background.reruns")
                .description("Queries that no user waits for that ran again because their segments were replaced")
                .register(registry);
    }

    private Timer timer(String name, String description, String... tags) {
        return Timer.builder(name)
                .description(description)
                .tags(tags)
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    void gauge(String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }

    void waited(long nanos) {
        waits.record(nanos, TimeUnit.NANOSECONDS);
    }

    void ended(Outcome outcome, long nanos) {
        Objects.requireNonNull(queries.get(outcome)).record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void planned(long nanos) {
        // A part of the query's own time, which is what matters here.
    }

    @Override
    public void firstResult(long nanos) {
        // Nobody waits for it.
    }

    @Override
    public void samplesRead(long count) {
        samples.increment(count);
    }

    @Override
    public void rerun() {
        reruns.increment();
    }
}
