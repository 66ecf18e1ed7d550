package io.weir.precompute.registry;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Databases;
import io.weir.lake.database.NotificationListener;
import io.weir.lake.database.Transactions;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobLimits;
import io.weir.precompute.job.JobRequests;
import io.weir.precompute.job.JobSpec;
import io.weir.precompute.job.JobSpecHash;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.job.JobStatus;
import io.weir.precompute.job.StorePaths;
import io.weir.precompute.result.ResultDirectory;
import io.weir.precompute.result.TickResult;
import io.weir.precompute.schedule.JobOwner;
import io.weir.precompute.schedule.TickRecorder;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/** The jobs of this process and of all others on the same database. */
public final class JobRegistry implements Jobs, TickRecorder, AutoCloseable {
    /*
     * Implementation notes. Four loops share the work: of leases and definitions (JobLeases), of what ticks bring (TickWriter), of what the ticks of
     * others bring (ResultReader), of jobs whose time is over (JobExpiry). Requests go to the database themselves, on their own threads. What is in
     * memory is enough for ticks and answers to go on when the database is gone.
     */
    /** As {@code pg_stat_activity} shows the connection that listens. */
    static final String LISTENER_NAME = "weir-precompute-listen";

    private static final long LISTEN_CHECK_INTERVAL_MILLIS = 5_000;

    private final RegistrySettings settings;
    private final JobLimits limits;
    private final Supplier<String> jobIds;
    private final String name;
    private final HikariDataSource pool;
    private final Transactions database;
    private final JobReader reader;
    private final JobLeases leases;
    private final JobExpiry expiry;
    private final TickWriter writer;
    private final ResultReader results;
    private final NotificationListener listener;

    /**
     * What a registry needs.
     *
     * @param name of this process, another one with each start
     * @param clock wall clock
     * @param jobIds never the same twice
     */
    public record Parts(
            RegistrySettings settings,
            JobLimits limits,
            DatabaseSettings database,
            JobRequests requests,
            ResultDirectory directory,
            String name,
            InstantSource clock,
            Supplier<String> jobIds) {
        private static final SecureRandom RANDOM = new SecureRandom();

        /** With the system's clock, and random names. */
        public static Parts of(
                RegistrySettings settings,
                JobLimits limits,
                DatabaseSettings database,
                JobRequests requests,
                ResultDirectory directory) {
            return new Parts(
                    settings,
                    limits,
                    database,
                    requests,
                    directory,
                    "api-" + random(),
                    InstantSource.system(),
                    () -> "job-" + random());
        }

        private static String random() {
            return HexFormat.of().toHexDigits(RANDOM.nextLong());
        }
    }

    private JobRegistry(Parts parts, HikariDataSource pool, MeterRegistry meters) {
        this.settings = parts.settings();
        this.limits = parts.limits();
        this.jobIds = parts.jobIds();
        this.name = parts.name();
        this.pool = pool;
        RegistryMetrics metrics = new RegistryMetrics(meters);
        database = new Transactions(pool);
        reader = new JobReader(parts.requests(), metrics);
        writer = new TickWriter(settings, name, database, parts.directory(), metrics);
        expiry = new JobExpiry(settings, name, database, metrics);
        leases = new JobLeases(settings, name, database, reader, parts.clock(), metrics);
        results = new ResultReader(settings, database, parts.directory(), leases, metrics);
        leases.listen(new JobLeases.Listener() {
            @Override
            public void added(Job job) {
                parts.directory().add(job);
                results.readSoon(job.jobId());
            }

            @Override
            public void removed(String jobId, boolean expired) {
                parts.directory().remove(jobId, expired);
                results.forget(jobId);
                writer.forget(jobId);
            }
        });
        listener = new NotificationListener(
                parts.database(),
                new NotificationListener.Subscription(
                        Hint.CHANNEL,
                        LISTENER_NAME,
                        "precompute's jobs and results, which are polled for meanwhile",
                        settings.listenReconnectMillisMax(),
                        LISTEN_CHECK_INTERVAL_MILLIS),
                new NotificationListener.Handler() {
                    @Override
                    public void notified(String payload) {
                        onHint(Hint.read(payload));
                    }

                    @Override
                    public void connected() {
                        onHint(new Hint.Unknown(""));
                    }

                    @Override
                    public void disconnected() {
                        metrics.listenFailure();
                    }
                });
    }

    /**
     * Loads the jobs and their latest results.
     *
     * @throws DatabaseUnavailableException if the database does not answer
     */
    public static JobRegistry start(Parts parts, MeterRegistry meters) {
        DatabaseSettings given = parts.database();
        DatabaseSettings bounded = new DatabaseSettings(
                given.jdbcUrl(),
                given.user(),
                given.password(),
                parts.settings().connectionsMax(),
                Math.min(given.acquireTimeoutMillis(), parts.settings().acquireMillisMax()),
                given.connectTimeoutMillis(),
                given.statementTimeoutMillis(),
                given.socketTimeoutMillis());
        HikariDataSource pool = Databases.open(bounded, "weir-precompute");
        JobRegistry registry;
        try {
            registry = new JobRegistry(parts, pool, meters);
        } catch (RuntimeException e) {
            pool.close();
            throw e;
        }
        try {
            registry.leases.start();
            registry.results.start();
            registry.writer.start();
            registry.expiry.start();
            registry.listener.start();
            return registry;
        } catch (RuntimeException e) {
            registry.closeAfter(e);
            throw e;
        }
    }

    /** Ends the parts that were started; the others take no harm. */
    private void closeAfter(RuntimeException cause) {
        try {
            close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            cause.addSuppressed(e);
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
        } finally {
            pool.close();
        }
    }

    /** From now on this process runs jobs. */
    public void begin(JobOwner owner) {
        leases.begin(owner);
    }

    /**
     * This process runs no jobs any more, since what ran them has stopped: other processes may take them over at once. Their results are answered
     * from as before. Does not wait.
     */
    public void abandon() {
        leases.abandon();
    }

    private void onHint(Hint hint) {
        if (hint.sender().equals(name)) {
            return;
        }
        switch (hint) {
            case Hint.Jobs jobs -> leases.lookSoon();
            case Hint.Results news -> news.jobIds().forEach(results::readSoon);
            case Hint.Unknown unknown -> {
                leases.lookSoon();
                results.readAllSoon();
            }
        }
    }

    @Override
    public Creation create(JobSpec spec) {
        String hash = JobSpecHash.of(spec);
        Creation creation = database.all("create a job", connection -> {
            JobRows.lockTenant(connection, spec.tenant());
            JobRows.expireRivals(
                    connection,
                    spec.tenant(),
                    hash,
                    List.of(spec.storePath(), StorePaths.suffixed(spec.storePath(), hash)));
            Optional<JobRow> known = JobRows.bySpec(connection, spec.tenant(), hash);
            if (known.isPresent()) {
                return known(known.get(), spec);
            }
            long[] counts = JobRows.counts(connection, spec.tenant());
            if (counts[0] >= settings.tenantJobsMax()) {
                return new Creation.Full(settings.tenantJobsMax(), "precompute-registry-tenant-jobs-max");
            }
            if (counts[1] >= settings.jobsMax()) {
                return new Creation.Full(settings.jobsMax(), "precompute-registry-jobs-max");
            }
            return insert(connection, spec, hash);
        });
        if (creation instanceof Creation.Created) {
            leases.lookSoon();
        }
        return creation;
    }

    private Creation known(JobRow row, JobSpec spec) {
        // Not read from the row: what an equal request says is the same.
        Job job = new Job(row.jobId(), JobRequests.withStorePath(spec, row.storePath()), row.createdAtMillis());
        return new Creation.Known(view(row, job));
    }

    private Creation insert(Connection connection, JobSpec spec, String hash) throws SQLException {
        String path = spec.storePath();
        Optional<JobRow> taken = JobRows.byStorePath(connection, spec.tenant(), path);
        if (taken.isPresent() && limits.suffixesStorePaths()) {
            path = StorePaths.suffixed(path, hash);
            taken = JobRows.byStorePath(connection, spec.tenant(), path);
        }
        if (taken.isPresent()) {
            return new Creation.PathTaken(taken.get().jobId(), path);
        }
        String jobId = jobIds.get();
        long createdAtMillis = JobRows.insert(
                connection,
                new JobRows.New(
                        jobId,
                        spec.tenant(),
                        hash,
                        path,
                        JobRequests.stored(spec).toString(),
                        spec.validUntilMillis()));
        Hint.sendJobs(connection, name);
        return new Creation.Created(new Job(jobId, JobRequests.withStorePath(spec, path), createdAtMillis));
    }

    @Override
    public boolean delete(String tenant, String jobId) {
        boolean deleted = database.all("delete a job", connection -> {
            boolean found = JobRows.delete(connection, tenant, jobId);
            if (found) {
                Hint.sendJobs(connection, name);
            }
            return found;
        });
        if (deleted) {
            leases.deleted(jobId);
        }
        return deleted;
    }

    @Override
    public Listing list(String tenant) {
        try {
            List<JobRow> rows = database.all(
                    "list jobs",
                    connection ->
                            JobRows.byTenant(connection, tenant, settings.jobsMax(), settings.tenantExpiredJobsMax()));
            List<JobView> views = new ArrayList<>();
            for (JobRow row : rows) {
                job(row).ifPresent(job -> views.add(view(row, job)));
            }
            return new Listing(views, null);
        } catch (DatabaseUnavailableException e) {
            List<JobView> views = leases.known().values().stream()
                    .filter(job -> job.spec().tenant().equals(tenant))
                    .sorted(Comparator.comparingLong(Job::createdAtMillis).thenComparing(Job::jobId))
                    .map(this::remembered)
                    .toList();
            return new Listing(views, "this is what one process remembers: " + e.getMessage());
        }
    }

    @Override
    public Optional<JobView> find(String tenant, String jobId) {
        try {
            Optional<JobRow> row =
                    database.all("look for a job", connection -> JobRows.byId(connection, tenant, jobId));
            return row.flatMap(found -> job(found).map(job -> view(found, job)));
        } catch (DatabaseUnavailableException e) {
            Job job = leases.known().get(jobId);
            if (job == null) {
                // Nobody knows whether there is one: it may be expired, or new.
                throw e;
            }
            return job.spec().tenant().equals(tenant) ? Optional.of(remembered(job)) : Optional.empty();
        }
    }

    private Optional<Job> job(JobRow row) {
        Job known = leases.known().get(row.jobId());
        return known == null ? reader.read(row) : Optional.of(known);
    }

    private JobView view(JobRow row, Job job) {
        if (!row.live()) {
            return new JobView(job, expired(row.statistics()), null);
        }
        boolean mine = leases.owns(row.jobId());
        JobStatistics latest = mine ? writer.latest(row.jobId()).orElse(row.statistics()) : row.statistics();
        long hits = row.statistics().cacheHits() + writer.unwrittenHits(row.jobId());
        return new JobView(job, withHits(latest, hits), row.owner());
    }

    private JobView remembered(Job job) {
        boolean mine = leases.owns(job.jobId());
        JobStatistics statistics = writer.latest(job.jobId()).orElseGet(() -> leases.before(job.jobId()));
        return new JobView(job, statistics, mine ? name : null);
    }

    private static JobStatistics withHits(JobStatistics statistics, long hits) {
        return new JobStatistics(
                statistics.status(),
                statistics.lastRunMillis(),
                statistics.lastSuccessMillis(),
                statistics.lastDurationMillis(),
                statistics.lastError(),
                statistics.runs(),
                statistics.failures(),
                statistics.skipped(),
                statistics.failuresInRow(),
                statistics.nextRunMillis(),
                hits);
    }

    private static JobStatistics expired(JobStatistics statistics) {
        return new JobStatistics(
                JobStatus.EXPIRED,
                statistics.lastRunMillis(),
                statistics.lastSuccessMillis(),
                statistics.lastDurationMillis(),
                statistics.lastError(),
                statistics.runs(),
                statistics.failures(),
                statistics.skipped(),
                statistics.failuresInRow(),
                OptionalLong.empty(),
                statistics.cacheHits());
    }

    @Override
    public void record(Job job, long epoch, JobStatistics statistics, Optional<TickResult> result) {
        writer.put(job, epoch, statistics, result);
        result.ifPresent(it -> results.known(job.jobId(), it.evalMillis()));
    }

    /** The schedule ends before this: what its last ticks brought is written, then the leases are given back. */
    @Override
    public void close() throws InterruptedException {
        listener.close();
        expiry.close();
        results.close();
        leases.close();
        writer.close();
        leases.release();
        pool.close();
    }
}
