package io.weir.precompute.registry;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.precompute.TestingDatabase;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobLimits;
import io.weir.precompute.job.JobRequests;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.result.ResultCache;
import io.weir.precompute.result.ResultDirectory;
import io.weir.precompute.result.ResultSettings;
import io.weir.precompute.result.TickResult;
import io.weir.precompute.schedule.JobOwner;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** The registry of one process, with an owner that only remembers what it was told. */
final class TestingProcess implements AutoCloseable {
    /** Looks and writes often. Its lease is long: a process that is held up for a second loses nothing. */
    static final RegistrySettings QUICK = settings(3_600_000, 30_000);

    /** For what is to be seen of leases. */
    static final RegistrySettings BRIEF_LEASE = settings(3_600_000, 1_000);

    static RegistrySettings settings(long expiredListedMillis, long leaseMillis) {
        return new RegistrySettings(
                10_000,
                10_000,
                1_000,
                expiredListedMillis,
                leaseMillis,
                200,
                1_000,
                500,
                4,
                1_000,
                5,
                1 << 20,
                64 << 10,
                64L << 20,
                20);
    }

    private final MeterRegistry metrics = new SimpleMeterRegistry();
    private final ResultCache results = new ResultCache(ResultSettings.DEFAULT, System::currentTimeMillis);
    private final Map<String, Long> owned = new ConcurrentHashMap<>();
    private final Map<String, JobStatistics> before = new ConcurrentHashMap<>();
    private final List<String> told = new CopyOnWriteArrayList<>();
    private final JobRegistry registry;

    TestingProcess(TestingDatabase database, RegistrySettings settings) {
        this(database, settings, TestingJobs.REQUESTS);
    }

    TestingProcess(TestingDatabase database, RegistrySettings settings, JobRequests requests) {
        registry = JobRegistry.start(
                JobRegistry.Parts.of(settings, JobLimits.DEFAULT, database.settings(), requests, results), metrics);
    }

    /** One that runs jobs. */
    static TestingProcess begun(TestingDatabase database, RegistrySettings settings) {
        return begun(new TestingProcess(database, settings));
    }

    static TestingProcess begun(TestingProcess process) {
        process.registry.begin(process.owner());
        return process;
    }

    private JobOwner owner() {
        return new JobOwner() {
            @Override
            public void own(Job job, long epoch, JobStatistics statistics) {
                before.put(job.jobId(), statistics);
                told.add("own " + job.jobId());
                if (owned.put(job.jobId(), epoch) != null) {
                    throw new AssertionError("owned twice: " + job.jobId());
                }
            }

            @Override
            public void disown(String jobId) {
                told.add("disown " + jobId);
                if (owned.remove(jobId) == null) {
                    throw new AssertionError("not owned: " + jobId);
                }
            }
        };
    }

    JobRegistry registry() {
        return registry;
    }

    ResultDirectory results() {
        return results;
    }

    Map<String, Long> owned() {
        return Map.copyOf(owned);
    }

    JobStatistics before(String jobId) {
        return before.getOrDefault(jobId, JobStatistics.NONE);
    }

    List<String> told() {
        return List.copyOf(told);
    }

    double metric(String name) {
        return metrics.get(name).meter().measure().iterator().next().getValue();
    }

    /** As a tick of a job that this process runs, or believes to. */
    void tick(Job job, long epoch, long number) {
        long tick = number * job.spec().granularityMillis();
        TickResult result = StoredResultsTest.result(job.jobId(), tick, 3);
        results.put(job, result);
        registry.record(job, epoch, ResultOutboxTest.statistics(tick, number), Optional.of(result));
    }

    /** Ticks that queries of this process see. */
    List<Long> ticks(Job job) {
        return results.at(job.spec().tenant(), job.spec().storePath()).stream()
                .flatMap(found -> found.ticks().stream())
                .map(TickResult::evalMillis)
                .toList();
    }

    @Override
    public void close() throws InterruptedException {
        registry.close();
    }
}
