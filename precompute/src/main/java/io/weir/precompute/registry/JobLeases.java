package io.weir.precompute.registry;

import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Transactions;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.registry.RegistryState.Effect;
import io.weir.precompute.schedule.JobOwner;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Knows the jobs, renews this process's lease, and takes jobs that nobody runs: the shell of {@link RegistryState}. */
final class JobLeases {
    private static final Logger LOG = LoggerFactory.getLogger(JobLeases.class);
    /** Longest that a deletion waits for its effects in this process; its ticks are fenced by then in any case. */
    private static final long DELETION_MILLIS_MAX = 1_000;
    /** Deletions that wait for their effects, beside the one look that the loop has going. */
    private static final int MAILBOX_MAX = 10_000;

    private static final long CLOSE_MILLIS_MAX = 2_000;

    private final RegistrySettings settings;
    private final String name;
    private final Transactions database;
    private final JobReader reader;
    private final InstantSource clock;
    private final RegistryMetrics metrics;
    private final RegistryLoop loop;
    /** Only the mailbox's one thread touches it. */
    private final RegistryState state;

    private final ThreadPoolExecutor mailbox;
    private final AtomicLong looks = new AtomicLong();
    private final AtomicBoolean lookWanted = new AtomicBoolean(true);
    private final Map<String, JobStatistics> before = new ConcurrentHashMap<>();
    private volatile Map<String, Job> known = Map.of();
    private volatile Map<String, Long> owned = Map.of();
    private volatile Set<String> unreadable = Set.of();
    private volatile @Nullable JobOwner owner;
    /** For good, also if it is before the beginning. */
    private volatile boolean isAbandoned;

    private volatile @Nullable Listener listener;
    /** Whether the database may have a lease of this process. */
    private volatile boolean leased;

    private long lookedNanos;
    /** The first job that nobody ran when the lease was renewed last, and since when it has been that one. */
    private @Nullable String leftOver;

    private long leftOverNanos;

    /** Hears of jobs on the registry's thread. */
    interface Listener {
        void added(Job job);

        void removed(String jobId, boolean expired);
    }

    JobLeases(
            RegistrySettings settings,
            String name,
            Transactions database,
            JobReader reader,
            InstantSource clock,
            RegistryMetrics metrics) {
        this.settings = settings;
        this.name = name;
        this.database = database;
        this.reader = reader;
        this.clock = clock;
        this.metrics = metrics;
        this.state = new RegistryState(name);
        this.loop = new RegistryLoop("registry", settings.renewMillis(), this::step, metrics::failure);
        this.mailbox = new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(MAILBOX_MAX),
                Thread.ofVirtual().name("weir-precompute-jobs").factory());
    }

    /** Before the start. */
    void listen(Listener first) {
        listener = first;
    }

    /** Loads the jobs, then goes on by itself. */
    void start() {
        step();
        loop.start();
    }

    void begin(JobOwner first) {
        owner = first;
        lookSoon();
    }

    /** This process runs no jobs any more: its leases are given back, and no more are taken. Does not wait for that. */
    void abandon() {
        isAbandoned = true;
        lookSoon();
    }

    private @Nullable JobOwner runner() {
        return isAbandoned ? null : owner;
    }

    void lookSoon() {
        lookWanted.set(true);
        loop.wake();
    }

    Map<String, Job> known() {
        return known;
    }

    boolean owns(String jobId) {
        return owned.containsKey(jobId);
    }

    /** How a job fared when this process came to know it. */
    JobStatistics before(String jobId) {
        return before.getOrDefault(jobId, JobStatistics.NONE);
    }

    private void step() {
        try {
            long nowNanos = System.nanoTime();
            boolean due = nowNanos - lookedNanos >= TimeUnit.MILLISECONDS.toNanos(settings.pollMillis());
            boolean wanted = lookWanted.getAndSet(false) || due;
            boolean runs = runner() != null;
            // A process that knows of no jobs writes nothing.
            boolean leads = runs && !known.isEmpty();
            try {
                if (!runs && leased) {
                    giveUp();
                }
                if (leads) {
                    leased = true;
                }
                int claimed = leads ? database.all("renew the lease", this::renew) : 0;
                if (wanted || claimed > 0) {
                    look();
                    lookedNanos = nowNanos;
                }
                if (!leads && runs && !known.isEmpty()) {
                    lookSoon();
                }
            } catch (DatabaseUnavailableException e) {
                lookWanted.set(true);
                throw e;
            }
        } finally {
            // Whether or not the database answers.
            apply(() -> state.onTime(clock.millis()));
        }
    }

    private void giveUp() {
        Boolean ignored = database.all("release the lease", connection -> {
            LeaseRows.release(connection, name);
            Hint.sendJobs(connection, name);
            return true;
        });
        leased = false;
    }

    private int renew(Connection connection) throws SQLException {
        LeaseRows.renew(connection, name, settings.leaseMillis());
        LeaseRows.Unclaimed unclaimed = LeaseRows.unclaimed(connection, name, unreadable);
        long takes = isLeftOver(unclaimed.first()) ? unclaimed.count() : Math.min(unclaimed.room(), unclaimed.count());
        int claimed = takes <= 0 ? 0 : LeaseRows.claim(connection, name, unreadable, takes);
        if (claimed > 0) {
            Hint.sendJobs(connection, name);
        }
        return claimed;
    }

    /**
     * Whether a job has been there for a lease's time and nobody took it. The shares of all processes together are at least all jobs, but a
     * process may be counted that cannot read some: then what is left is taken beyond the share.
     *
     * @param jobId the first one that nobody runs
     */
    private boolean isLeftOver(@Nullable String jobId) {
        long nowNanos = System.nanoTime();
        if (jobId == null || !jobId.equals(leftOver)) {
            leftOver = jobId;
            leftOverNanos = nowNanos;
        }
        return jobId != null && nowNanos - leftOverNanos >= TimeUnit.MILLISECONDS.toNanos(settings.leaseMillis());
    }

    private void look() {
        long number = looks.incrementAndGet();
        List<JobRow.Holding> holdings =
                database.all("look for jobs", connection -> JobRows.holdings(connection, settings.jobsMax()));
        TreeSet<String> wanted = new TreeSet<>(ask(() -> state.unknown(holdings)));
        wanted.addAll(ask(() -> state.gained(holdings)));
        Map<String, Job> loaded = new HashMap<>();
        if (!wanted.isEmpty()) {
            for (JobRow row : database.all("load jobs", connection -> JobRows.byIds(connection, wanted))) {
                before.put(row.jobId(), row.statistics());
                reader.read(row).ifPresent(job -> loaded.put(job.jobId(), job));
            }
        }
        leaveOut(holdings, wanted, loaded.keySet());
        apply(() -> state.onLook(new RegistryState.Look(number, holdings, loaded, Map.copyOf(before), clock.millis())));
        before.keySet().retainAll(known.keySet());
    }

    /** Jobs that this process cannot read are for others to run. */
    private void leaveOut(List<JobRow.Holding> holdings, Set<String> wanted, Set<String> loaded) {
        TreeSet<String> left = new TreeSet<>(wanted);
        left.removeAll(loaded);
        left.removeAll(known.keySet());
        unreadable = Set.copyOf(left);
        Set<String> held = holdings.stream()
                .filter(holding -> name.equals(holding.owner()) && left.contains(holding.jobId()))
                .map(JobRow.Holding::jobId)
                .collect(Collectors.toSet());
        if (!held.isEmpty()) {
            Boolean ignored = database.all("give jobs back", connection -> {
                LeaseRows.giveBack(connection, name, held);
                Hint.sendJobs(connection, name);
                return true;
            });
        }
    }

    /** A job of the database was deleted by this process; waits, at most for a second, until no tick of it runs here. */
    void deleted(String jobId) {
        try {
            Future<?> done = mailbox.submit(() -> execute(state.onDeleted(jobId, looks.get())));
            done.get(DELETION_MILLIS_MAX, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            LOG.debug("job {} is deleted; its effects here take longer than {} ms", jobId, DELETION_MILLIS_MAX);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the effects of the deletion of job " + jobId + " failed", e);
        } catch (RejectedExecutionException e) {
            // The next look finds it gone.
            lookSoon();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void apply(Callable<List<Effect>> step) {
        Boolean ignored = ask(() -> {
            execute(step.call());
            return true;
        });
    }

    private <T> T ask(Callable<T> question) {
        try {
            return mailbox.submit(question).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the state of the registry failed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the registry ends", e);
        }
    }

    /** On the mailbox's thread. */
    private void execute(List<Effect> effects) {
        known = state.known();
        owned = state.owned();
        metrics.known(known.size());
        metrics.owned(owned.size());
        JobOwner runs = runner();
        Listener hears = listener;
        for (Effect effect : effects) {
            try {
                switch (effect) {
                    case Effect.Add add -> {
                        if (hears != null) {
                            hears.added(add.job());
                        }
                    }
                    case Effect.Remove remove -> {
                        if (hears != null) {
                            hears.removed(remove.jobId(), remove.expired());
                        }
                    }
                    case Effect.Own own -> {
                        if (runs != null) {
                            runs.own(own.job(), own.epoch(), own.before());
                        }
                    }
                    case Effect.Disown disown -> {
                        if (runs != null) {
                            runs.disown(disown.jobId());
                        }
                    }
                }
            } catch (RuntimeException e) {
                metrics.failure();
                LOG.error("{} failed", effect, e);
            }
        }
    }

    /** Ends the loop; leases are still held. */
    void close() throws InterruptedException {
        loop.close();
        CompletableFuture<Void> done = CompletableFuture.runAsync(() -> execute(state.onClose()), mailbox);
        mailbox.shutdown();
        if (!mailbox.awaitTermination(CLOSE_MILLIS_MAX, TimeUnit.MILLISECONDS) || done.isCompletedExceptionally()) {
            LOG.warn("not all jobs were let go of in {}", Duration.ofMillis(CLOSE_MILLIS_MAX));
        }
    }

    /** Gives the leases back, so that others need not wait for their end. */
    void release() {
        if (!leased) {
            return;
        }
        try {
            giveUp();
        } catch (DatabaseUnavailableException e) {
            LOG.warn("other processes wait for the end of this one's lease: {}", e.getMessage());
        }
    }
}
