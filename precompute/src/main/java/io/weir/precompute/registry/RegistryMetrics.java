package io.weir.precompute.registry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.precompute.job.JobStatus;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** Metrics of the registry of jobs. */
final class RegistryMetrics {
    private final Map<JobStatus, AtomicLong> jobs = new EnumMap<>(JobStatus.class);
    private final AtomicLong owned = new AtomicLong();
    private final AtomicLong pendingBytes = new AtomicLong();
    private final Counter failures;
    private final Counter listenFailures;
    private final Counter dropped;
    private final Counter fenced;
    private final Counter unreadable;

    RegistryMetrics(MeterRegistry registry) {
        for (JobStatus status : JobStatus.values()) {
            AtomicLong count = new AtomicLong();
            jobs.put(status, count);
            Gauge.builder("weir.precompute.jobs", count, AtomicLong::doubleValue)
                    .description("Jobs that this process knows, by how they fare as far as it knows")
                    .tag("status", status.text())
                    .register(registry);
        }
        Gauge.builder("weir.precompute.jobs.owned", owned, AtomicLong::doubleValue)
                .description("Jobs whose ticks this process runs")
                .register(registry);
        Gauge.builder("weir.precompute.results.pending", pendingBytes, AtomicLong::doubleValue)
                .description("Compressed results that the database has not taken yet")
                .baseUnit("bytes")
                .register(registry);
        failures = Counter.builder("weir.precompute.registry.failures")
                .description("Attempts to read or write the registry of jobs that failed and are repeated")
                .register(registry);
        listenFailures = Counter.builder("weir.precompute.registry.listen.failures")
                .description("Times that notifications of other processes were lost; meanwhile changes are polled for")
                .register(registry);
        dropped = Counter.builder("weir.precompute.results.dropped")
                .description("Results that other processes never see: too large, or the database took none for too long")
                .register(registry);
        fenced = Counter.builder("weir.precompute.results.fenced")
                .description("Ticks not written since their job was deleted or taken over meanwhile")
                .register(registry);
        unreadable = Counter.builder("weir.precompute.registry.unreadable")
                .description("Jobs and results of the registry that this process cannot read or may not run, each time it meets them")
                .register(registry);
    }

    void jobs(Map<JobStatus, Long> counts) {
        jobs.forEach((status, count) -> count.set(counts.getOrDefault(status, 0L)));
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
