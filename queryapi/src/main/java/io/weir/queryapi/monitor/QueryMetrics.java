package io.weir.queryapi.monitor;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The measurements of queries that {@code /metrics} shows. Thread-safe. */
public final class QueryMetrics implements EngineMetrics {
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(1),
        Duration.ofMillis(2),
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
        Duration.ofSeconds(30),
        Duration.ofSeconds(60),
        Duration.ofSeconds(120)
    };

    /** Kinds of questions. */
    private static final List<String> KINDS = List.of("instant", "range", "stream", "series", "labels");

    /** Error types, by Prometheus' names; whatever else should come counts as internal. */
    private static final List<String> REASONS =
            List.of("bad_data", "canceled", "execution", "internal", "not_found", "timeout", "unavailable");

    /** Why queries are stopped before their end. */
    private static final List<String> STOP_CAUSES = List.of("client_gone", "request", "timeout", "limit", "failure");

    private final MeterRegistry registry;
    private final Map<String, Counter> errors = new HashMap<>();
    private final Timer planning;
    private final Timer firstResult;
    private final Counter samples;
    private final Counter reruns;

    public QueryMetrics(MeterRegistry registry) {
        this.registry = registry;
        planning = histogram("weir.query.planning", "Time from a query's start to its work being submitted");
        firstResult = histogram("weir.time.to.first.result", "Time from a query's start to its first computed step");
        samples = Counter.builder("weir.query.samples")
                .description("Samples read by the work of queries")
                .register(registry);
        reruns = Counter.builder("weir.query.reruns")
                .description("Queries run again because their segments were replaced meanwhile")
                .register(registry);
        for (String reason : REASONS) {
            errors.put(
                    reason,
                    Counter.builder("weir.query.errors")
                            .description("Queries that failed, by error type")
                            .tag("reason", reason)
                            .register(registry));
        }
        KINDS.forEach(kind -> query(kind, "success"));
        STOP_CAUSES.forEach(this::stop);
    }

    private Timer query(String kind, String outcome) {
        return histogram("weir.query", "Time of a query from request to last result", "kind", kind, "outcome", outcome);
    }

    private Timer histogram(String name, String description, String... tags) {
        return Timer.builder(name)
                .description(description)
                .tags(tags)
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    private Timer stop(String cause) {
        return histogram(
                "weir.query.cancel",
                "From what stopped a query to nothing of it being left in this API process",
                "cause",
                cause);
    }

    /** Shows numbers that somebody else keeps. */
    public void gauge(String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }

    @Override
    public void planned(long nanos) {
        planning.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void firstResult(long nanos) {
        firstResult.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void samplesRead(long count) {
        samples.increment(count);
    }

    @Override
    public void rerun() {
        reruns.increment();
    }

    /**
     * @param kind instant, range, stream, series or labels
     * @param outcome success, or the error's type
     */
    public void finished(String kind, String outcome, long nanos) {
        query(kind, outcome.equals("success") ? outcome : bounded(outcome)).record(nanos, TimeUnit.NANOSECONDS);
    }

    /**
     * A query that was stopped is gone.
     *
     * @param cause client_gone, request, timeout, limit or failure
     * @param nanos since the cause
     */
    public void stopped(String cause, long nanos) {
        stop(cause).record(nanos, TimeUnit.NANOSECONDS);
    }

    /** @param reason the error's type */
    public void failed(String reason) {
        Objects.requireNonNull(errors.get(bounded(reason))).increment();
    }

    private static String bounded(String reason) {
        return REASONS.contains(reason) ? reason : "internal";
    }
}
