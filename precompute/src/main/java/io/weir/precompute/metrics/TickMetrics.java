package io.weir.precompute.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.weir.precompute.job.JobStatus;
import io.weir.precompute.result.ResultCache;
import io.weir.precompute.source.SourceException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Metrics of ticks and of the jobs that this process runs. Those of single jobs, with the label {@code job_id}, are there as long as the job is, and
 * for so many jobs only. Used by one thread; read by any.
 */
public final class TickMetrics {
    private static final long NO_RESULT = Long.MIN_VALUE;

    /** How a cycle of a job ended. */
    public enum Outcome {
        SUCCESS,
        INCOMPLETE,
        FAILED,
        CANCELED;

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private record OfJob(AtomicLong newestTickMillis, Map<Outcome, Counter> runs, Meter age) {}

    private final MeterRegistry registry;
    private final int jobsMax;
    private final LongSupplier wallMillis;
    private final Map<String, OfJob> byJob = new HashMap<>();
    private final Map<Outcome, Counter> ticks = new EnumMap<>(Outcome.class);
    private final Map<SourceException.Cause, Counter> pullErrors = new EnumMap<>(SourceException.Cause.class);
    private final Map<JobStatus, AtomicInteger> jobs = new EnumMap<>(JobStatus.class);
    private final Counter skipped;
    private final Counter defects;
    private final Timer lag;
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger ready = new AtomicInteger();
    private final AtomicInteger stopped = new AtomicInteger();

    /**
     * Makes those that are there from the start.
     *
     * @param jobsMax jobs that get metrics of their own
     */
    public TickMetrics(MeterRegistry registry, int jobsMax, LongSupplier wallMillis, ResultCache results) {
        this.registry = registry;
        this.jobsMax = jobsMax;
        this.wallMillis = wallMillis;
        for (Outcome outcome : Outcome.values()) {
            ticks.put(
                    outcome,
                    Counter.builder("weir.precompute.ticks")
                            .description("Cycles of precompute jobs, by how they ended")
                            .tag("outcome", outcome.text())
                            .register(registry));
        }
        for (SourceException.Cause cause : SourceException.Cause.values()) {
            pullErrors.put(
                    cause,
                    Counter.builder("weir.precompute.pull.errors")
                            .description("Cycles of jobs whose source did not deliver what they need, by cause")
                            .tag("cause", cause.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        for (JobStatus status : JobStatus.values()) {
            AtomicInteger count = new AtomicInteger();
            jobs.put(status, count);
            Gauge.builder("weir.precompute.jobs.scheduled", count, AtomicInteger::get)
                    .description("Precompute jobs whose ticks this process runs, by status")
                    .tag("status", status.text())
                    .register(registry);
        }
        skipped = Counter.builder("weir.precompute.ticks.skipped")
                .description(
                        "Ticks of precompute jobs that were missed: the one before ran too long, or nothing was free")
                .register(registry);
        defects = Counter.builder("weir.precompute.scheduler.defects")
                .description("Steps of the scheduler that failed; its log says why")
                .register(registry);
        gauge("scheduler.stopped", "1 once a defect has ended the scheduler: this process runs no jobs", stopped);
        lag = Timer.builder("weir.precompute.tick.lag")
                .description("From when a tick was due to its start")
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(1))
                .maximumExpectedValue(Duration.ofSeconds(60))
                .register(registry);
        gauge("ticks.running", "Ticks that run, canceled ones that have not ended among them", running);
        gauge("ticks.ready", "Ticks that are due and wait for a slot", ready);
        Gauge.builder("weir.precompute.results.size", results, ResultCache::totalBytes)
                .description("What precomputed results take in memory, estimated")
                .baseUnit("bytes")
                .register(registry);
        FunctionCounter.builder("weir.precompute.results.evicted", results, ResultCache::droppedTicks)
                .description("Precomputed results that left the memory, or did not get into it, because of its limits")
                .register(registry);
    }

    private void gauge(String name, String description, AtomicInteger value) {
        Gauge.builder("weir.precompute." + name, value, AtomicInteger::get)
                .description(description)
                .register(registry);
    }

    /** A job is run here: it gets its metrics, if there is room. */
    public void add(String jobId) {
        if (byJob.size() >= jobsMax || byJob.containsKey(jobId)) {
            return;
        }
        Map<Outcome, Counter> runs = new EnumMap<>(Outcome.class);
        for (Outcome outcome : Outcome.values()) {
            runs.put(
                    outcome,
                    Counter.builder("weir.precompute.job.runs")
                            .description("Cycles of one precompute job, by how they ended")
                            .tag("job_id", jobId)
                            .tag("outcome", outcome.text())
                            .register(registry));
        }
        AtomicLong newest = new AtomicLong(NO_RESULT);
        Meter age = Gauge.builder("weir.precompute.job.result.age", newest, this::ageSeconds)
                .description("Time since the newest tick of one precompute job that has a result; NaN before the first")
                .baseUnit("seconds")
                .tag("job_id", jobId)
                .register(registry);
        byJob.put(jobId, new OfJob(newest, runs, age));
    }

    private double ageSeconds(AtomicLong newestTickMillis) {
        long newest = newestTickMillis.get();
        return newest == NO_RESULT ? Double.NaN : Math.max(0, wallMillis.getAsLong() - newest) / 1_000.0;
    }

    /** A job is run here no more: its metrics go. */
    public void remove(String jobId) {
        OfJob gone = byJob.remove(jobId);
        if (gone != null) {
            gone.runs().values().forEach(registry::remove);
            registry.remove(gone.age());
        }
    }

    /** A cycle ended. */
    public void ended(String jobId, Outcome outcome) {
        of(ticks, outcome).increment();
        OfJob job = byJob.get(jobId);
        if (job != null) {
            of(job.runs(), outcome).increment();
        }
    }

    /** A job has a result of a tick. */
    public void result(String jobId, long evalMillis) {
        OfJob job = byJob.get(jobId);
        if (job != null) {
            job.newestTickMillis().accumulateAndGet(evalMillis, Math::max);
        }
    }

    /** A source did not deliver. */
    public void pullError(SourceException.Cause cause) {
        of(pullErrors, cause).increment();
    }

    /** Ticks were missed. */
    public void skipped(long count) {
        skipped.increment(count);
    }

    /** A tick started so much later than it was due. */
    public void started(long lagMillis) {
        lag.record(Duration.ofMillis(lagMillis));
    }

    /** A step of the scheduler failed. */
    public void defect() {
        defects.increment();
    }

    /** The scheduler has ended before the process: it runs no jobs. */
    public void stopped() {
        stopped.set(1);
        now(0, 0, Map.of());
        clear();
    }

    /** How things are now. */
    public void now(int ticksRunning, int ticksReady, Map<JobStatus, Integer> jobsByStatus) {
        running.set(ticksRunning);
        ready.set(ticksReady);
        for (Map.Entry<JobStatus, AtomicInteger> status : jobs.entrySet()) {
            status.getValue().set(jobsByStatus.getOrDefault(status.getKey(), 0));
        }
    }

    /** The metrics of all jobs go, as at the end of the process. */
    public void clear() {
        List.copyOf(byJob.keySet()).forEach(this::remove);
    }

    private static <K> Counter of(Map<K, Counter> counters, K key) {
        return Objects.requireNonNull(counters.get(key));
    }
}
