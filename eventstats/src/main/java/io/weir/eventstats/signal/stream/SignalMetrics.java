package io.weir.eventstats.signal.stream;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/** The measurements of first signals that {@code /metrics} shows. Thread-safe. */
public final class SignalMetrics {
    /** How a look-up ended. */
    public enum Outcome {
        /** There is a signal. */
        FOUND,
        /** There is one, and the client has it. */
        NOT_MODIFIED,
        /** The run has none yet. */
        NONE,
        /** The tenant has no such job or run. */
        UNKNOWN,
        /** The database did not answer. */
        FAILED
    }

    private final MeterRegistry registry;
    private final Map<Outcome, Timer> lookups = new EnumMap<>(Outcome.class);
    private final Counter notifications;
    private final Counter reconnects;
    private final Counter readFailures;
    private final Counter events;
    private final Counter refused;

    public SignalMetrics(MeterRegistry registry) {
        this.registry = registry;
        for (Outcome outcome : Outcome.values()) {
            lookups.put(
                    outcome,
                    Timer.builder("weir.signal.lookup")
                            .description("Look-ups of first signals over HTTP")
                            .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                            .publishPercentileHistogram()
                            .minimumExpectedValue(Duration.ofMillis(1))
                            .maximumExpectedValue(Duration.ofSeconds(10))
                            .register(registry));
        }
        notifications = counter("weir.signal.notifications", "Notifications of changed signals from the database");
        reconnects = counter(
                "weir.signal.listen.failures",
                "Times that the connection for notifications was lost or could not be opened");
        readFailures = counter("weir.signal.read.failures", "Reads for streams that failed and were tried again");
        events = counter("weir.signal.stream.events", "Signals sent to streams");
        refused = counter("weir.signal.streams.refused", "Streams refused because too many were open");
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    void gauge(String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }

    /** Counts a look-up that began at this {@link System#nanoTime}. */
    public void lookup(Outcome outcome, long startNanos) {
        Objects.requireNonNull(lookups.get(outcome)).record(Duration.ofNanos(System.nanoTime() - startNanos));
    }

    void notification() {
        notifications.increment();
    }

    void listenFailure() {
        reconnects.increment();
    }

    void readFailure() {
        readFailures.increment();
    }

    /** A signal was sent to a stream. */
    public void event() {
        events.increment();
    }

    void refused() {
        refused.increment();
    }
}
