package io.weir.precompute.registry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicLong;

/** Metrics of the registry of jobs. */
final class RegistryMetrics {
    private final AtomicLong known = new AtomicLong();
    private final AtomicLong owned = new AtomicLong();
    private final AtomicLong pendingBytes = new AtomicLong();
    private final Counter failures;
    private final Counter listenFailures;
    private final Counter dropped;
    private final Counter fenced;
    private final Counter unreadable;

    RegistryMetrics(MeterRegistry registry) {
        Gauge.builder("weir.precompute.registry.jobs", known, AtomicLong::doubleValue)
                .description("Jobs of all processes that this process knows")
                .register(registry);
        Gauge.builder("weir.precompute.registry.jobs.owned", owned, AtomicLong::doubleValue)
                .description("Jobs whose lease this process has")
                .register(registry);
        Gauge.builder("weir.precompute.registry.results.pending", pendingBytes, AtomicLong::doubleValue)
                .description("Compressed results that the database has not taken yet")
                .baseUnit("bytes")
                .register(registry);
        failures = Counter.builder("weir.precompute.registry.failures")
                .description("Attempts to read or write the registry of jobs that failed and are repeated")
                .register(registry);
        listenFailures = Counter.builder("weir.precompute.registry.listen.failures")
                .description("Times that notifications of other processes were lost; meanwhile changes are polled for")
                .register(registry);
        dropped = Counter.builder("weir.precompute.registry.results.dropped")
                .description(
                        "Results that other processes never see: too large, or the database took none for too long")
                .register(registry);
        fenced = Counter.builder("weir.precompute.registry.results.fenced")
                .description("Ticks not written since their job was deleted or taken over meanwhile")
                .register(registry);
        unreadable = Counter.builder("weir.precompute.registry.unreadable")
                .description(
                        "Jobs and results of the registry that this process cannot read or may not run, each time it"
                                + " meets them")
                .register(registry);
    }

    void known(long count) {
        known.set(count);
    }

    void owned(long count) {
        owned.set(count);
    }

    void pendingBytes(long bytes) {
        pendingBytes.set(bytes);
    }

    void failure() {
        failures.increment();
    }

    void listenFailure() {
        listenFailures.increment();
    }

    void dropped() {
        dropped.increment();
    }

    void fenced(long count) {
        fenced.increment(count);
    }

    void unreadable() {
        unreadable.increment();
    }
}
