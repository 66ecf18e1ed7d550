package io.weir.queryapi.discovery;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a discovery has found, for its listener, for metrics and for people. A failure never takes the known set away, and is
 * told once for each reason.
 *
 * <p>Called by one thread at a time.
 */
final class DiscoveryReport {
    private static final Logger LOG = LoggerFactory.getLogger(DiscoveryReport.class);

    private final String what;
    private final Counter errors;
    private final LongSupplier nanoTime;
    private final long startNanos;
    private final AtomicReference<Set<WorkerAddress>> known = new AtomicReference<>(Set.of());
    private volatile long successNanos;
    private volatile boolean succeeded;
    private String problem = "";

    /**
     * @param kind of discovery, the value of the metrics' label
     * @param what is looked at, for people
     */
    DiscoveryReport(String kind, String what, MeterRegistry registry, LongSupplier nanoTime) {
        this.what = what;
        this.nanoTime = nanoTime;
        this.startNanos = nanoTime.getAsLong();
        this.successNanos = startNanos;
        this.errors = Counter.builder("weir_discovery_errors_total")
                .description("Attempts to find the workers that failed")
                .tag("kind", kind)
                .register(registry);
        Gauge.builder("weir_discovery_last_success_seconds", this, DiscoveryReport::ageSeconds)
                .description("Time since the workers were last found, or since the start if never")
                .tag("kind", kind)
                .register(registry);
        Gauge.builder(
                        "weir_discovery_addresses",
                        known,
                        addresses -> addresses.get().size())
                .description("Worker addresses that are known")
                .tag("kind", kind)
                .register(registry);
    }

    private double ageSeconds() {
        return (nanoTime.getAsLong() - successNanos) / (double) TimeUnit.SECONDS.toNanos(1);
    }

    /** The whole current set. */
    void found(Set<WorkerAddress> addresses, WorkerDiscovery.Listener listener) {
        boolean first = !succeeded;
        alive();
        if (first || !addresses.equals(known.get())) {
            LOG.info("{}: workers at {}", what, addresses);
            known.set(Set.copyOf(addresses));
            listener.addresses(addresses);
        }
    }

    /** The source answers, whatever it says. */
    void alive() {
        successNanos = nanoTime.getAsLong();
        succeeded = true;
        if (!problem.isEmpty()) {
            LOG.info("{} answers again", what);
            problem = "";
        }
    }

    /** The source cannot be asked. */
    void failed(String reason) {
        errors.increment();
        if (!reason.equals(problem)) {
            problem = reason;
            LOG.warn(
                    "{}: {}; {} known addresses stay in use, and it is tried again",
                    what,
                    reason,
                    known.get().size());
        }
    }
}
