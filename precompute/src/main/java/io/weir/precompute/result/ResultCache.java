package io.weir.precompute.result;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.JobSpec;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.job.SketchOptions;
import io.weir.precompute.source.SourceAddress;
import io.weir.promql.ast.Expr;
import io.weir.promql.parser.CanonicalExpression;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The results of ticks in memory: a ring for each job, bounded in ticks and bytes, found by query, selector and store path.
 *
 * <p>Readers take no lock; writers take one. A deleted job's ring stays for a grace time, in which it still answers and in which a job that asks for
 * the same takes it over: the controller deletes and makes jobs anew on each plan. An expired job's ring goes at once.
 */
public final class ResultCache implements ResultDirectory {
    private static final Comparator<JobResults> BEST_FIRST = Comparator.comparingLong(ResultCache::newestMillis)
            .reversed()
            .thenComparing(results -> results.job().spec().granularityMillis())
            .thenComparing(results -> results.job().jobId());

    /** The least time in ms for which the end of a job is remembered: results of other processes come late. */
    private static final long ENDED_MILLIS_MIN = 60_000;

    private record Key(String tenant, String text) {}

    /** All of a spec that its results depend on. */
    private record Meaning(
            String tenant,
            String canonical,
            long granularityMillis,
            SourceAddress source,
            Optional<List<String>> labels,
            SketchOptions options) {
        static Meaning of(JobSpec spec) {
            return new Meaning(
                    spec.tenant(),
                    spec.query().canonical(),
                    spec.granularityMillis(),
                    spec.source(),
                    spec.labels(),
                    spec.options());
        }
    }

    private final ResultSettings settings;
    private final LongSupplier wallMillis;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, JobRing> rings = new HashMap<>();
    /** For who asks for what another one asks for. */
    private final Map<Meaning, List<JobRing>> byMeaning = new HashMap<>();
    /** Jobs that ended, with the time until which that is remembered; in the order of their ends. */
    private final Map<String, Long> ended = new LinkedHashMap<>();
    /** Those of them whose results still answer. */
    private final Map<String, JobRing> warm = new LinkedHashMap<>();

    private final Map<Key, List<JobRing>> byQuery = new ConcurrentHashMap<>();
    private final Map<Key, List<JobRing>> bySelector = new ConcurrentHashMap<>();
    private final Map<Key, List<JobRing>> byPath = new ConcurrentHashMap<>();
    private final Map<String, Long> hits = new ConcurrentHashMap<>();
    private final AtomicLong totalBytes = new AtomicLong();
    private final AtomicLong droppedTicks = new AtomicLong();

    /** @param wallMillis the wall clock */
    public ResultCache(ResultSettings settings, LongSupplier wallMillis) {
        this.settings = settings;
        this.wallMillis = wallMillis;
    }

    @Override
    public List<JobResults> find(String tenant, String canonical) {
        return usable(byQuery.getOrDefault(new Key(tenant, canonical), List.of()));
    }

    @Override
    public List<JobResults> findQuantiles(String tenant, String selector) {
        return usable(bySelector.getOrDefault(new Key(tenant, selector), List.of()));
    }

    @Override
    public Optional<JobResults> at(String tenant, String storePath) {
        long now = wallMillis.getAsLong();
        return byPath.getOrDefault(new Key(tenant, storePath), List.of()).stream()
                .filter(ring -> ring.isUsable(now))
                // A job that is there goes before one that was.
                .max(Comparator.comparing(JobRing::isLive)
                        .thenComparing(ring -> newestMillis(ring.results()))
                        .thenComparing(ring -> ring.job().jobId()))
                .map(JobRing::results);
    }

    @Override
    public List<Job> jobs(String tenant) {
        lock.lock();
        try {
            long now = wallMillis.getAsLong();
            return rings.values().stream()
                    .filter(ring -> ring.isUsable(now))
                    .map(JobRing::job)
                    .filter(job -> job.spec().tenant().equals(tenant))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    private List<JobResults> usable(List<JobRing> found) {
        if (found.isEmpty()) {
            return List.of();
        }
        long now = wallMillis.getAsLong();
        List<JobResults> usable = new ArrayList<>(found.size());
        for (JobRing ring : found) {
            if (ring.isUsable(now)) {
                usable.add(ring.results());
            }
        }
        usable.sort(BEST_FIRST);
        return usable;
    }

    private static long newestMillis(JobResults results) {
        return results.ticks().isEmpty()
                ? Long.MIN_VALUE
                : results.ticks().getLast().evalMillis();
    }

    @Override
    public void add(Job job) {
        locked(() -> {
            if (!ended.containsKey(job.jobId())) {
                ringOf(job);
            }
        });
    }

    @Override
    public void put(Job job, TickResult result) {
        if (result.coverage() < 1) {
            return;
        }
        locked(() -> {
            if (ended.containsKey(job.jobId())) {
                return;
            }
            JobRing ring = ringOf(job);
            change(ring, () -> ring.put(result));
            shrink(ring);
        });
    }

    @Override
    public void remove(String jobId, boolean expired) {
        locked(() -> {
            long now = wallMillis.getAsLong();
            ended.putIfAbsent(jobId, now + Math.max(settings.warmMillis(), ENDED_MILLIS_MIN));
            JobRing ring = rings.get(jobId);
            if (ring != null && (expired || settings.warmMillis() == 0 || ring.size() == 0)) {
                drop(ring);
            } else if (ring != null && ring.isLive()) {
                ring.cool(now + settings.warmMillis());
                warm.put(jobId, ring);
            }
            while (ended.size() > settings.endedJobsMax()) {
                forgetFirstEnd();
            }
        });
    }

    /** Drops what is past its grace time. Every change does so; this is for times without any. */
    public void sweep() {
        locked(() -> {});
    }

    @Override
    public void countHit(String jobId) {
        hits.merge(jobId, 1L, Long::sum);
    }

    @Override
    public Map<String, Long> takeHits() {
        Map<String, Long> taken = new HashMap<>();
        for (String jobId : hits.keySet()) {
            Long count = hits.remove(jobId);
            if (count != null) {
                taken.put(jobId, count);
            }
        }
        return taken;
    }

    /** What all results take, estimated. */
    public long totalBytes() {
        return totalBytes.get();
    }

    /** Ticks that went, or were not taken, because of the limits on bytes; those that only left a full ring are not among them. */
    public long droppedTicks() {
        return droppedTicks.get();
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            long now = wallMillis.getAsLong();
            while (!warm.isEmpty() && warm.values().iterator().next().warmUntilMillis() <= now) {
                drop(warm.values().iterator().next());
            }
            while (!ended.isEmpty() && ended.values().iterator().next() <= now) {
                forgetFirstEnd();
            }
            change.run();
        } finally {
            lock.unlock();
        }
    }

    private void forgetFirstEnd() {
        String jobId = ended.keySet().iterator().next();
        ended.remove(jobId);
        JobRing ring = warm.get(jobId);
        if (ring != null) {
            drop(ring);
        }
    }

    private JobRing ringOf(Job job) {
        JobRing known = rings.get(job.jobId());
        if (known != null) {
            return known;
        }
        JobRing ring = new JobRing(job);
        rings.put(job.jobId(), ring);
        Optional<JobRing> predecessor = predecessor(job);
        predecessor.ifPresent(before -> change(ring, () -> ring.adopt(before.resultsFor(job.jobId()))));
        index(ring);
        // Only now: who reads without the lock finds one of the two at any moment.
        predecessor.filter(before -> !before.isLive()).ifPresent(this::drop);
        shrink(ring);
        return ring;
    }

    private Optional<JobRing> predecessor(Job job) {
        long now = wallMillis.getAsLong();
        return byMeaning.getOrDefault(Meaning.of(job.spec()), List.of()).stream()
                .filter(ring -> ring.size() > 0 && ring.isUsable(now))
                .max(Comparator.comparingLong((JobRing ring) -> newestMillis(ring.results()))
                        .thenComparing(ring -> ring.job().jobId()));
    }

    private void index(JobRing ring) {
        JobSpec spec = ring.job().spec();
        add(byMeaning, Meaning.of(spec), ring);
        if (spec.labels().isEmpty()) {
            add(byQuery, new Key(spec.tenant(), spec.query().canonical()), ring);
            selector(spec.query()).ifPresent(text -> add(bySelector, new Key(spec.tenant(), text), ring));
        }
        add(byPath, new Key(spec.tenant(), spec.storePath()), ring);
    }

    private void drop(JobRing ring) {
        JobSpec spec = ring.job().spec();
        rings.remove(ring.job().jobId());
        warm.remove(ring.job().jobId());
        remove(byMeaning, Meaning.of(spec), ring);
        remove(byQuery, new Key(spec.tenant(), spec.query().canonical()), ring);
        selector(spec.query()).ifPresent(text -> remove(bySelector, new Key(spec.tenant(), text), ring));
        remove(byPath, new Key(spec.tenant(), spec.storePath()), ring);
        totalBytes.addAndGet(-ring.bytes());
    }

    private static <K> void add(Map<K, List<JobRing>> index, K key, JobRing ring) {
        index.compute(key, (same, before) -> {
            List<JobRing> after = before == null ? new ArrayList<>() : new ArrayList<>(before);
            after.add(ring);
            return List.copyOf(after);
        });
    }

    private static <K> void remove(Map<K, List<JobRing>> index, K key, JobRing ring) {
        index.computeIfPresent(key, (same, before) -> {
            List<JobRing> after = before.stream().filter(other -> other != ring).toList();
            return after.isEmpty() ? null : after;
        });
    }

    /** The canonical text of the range selector of a query for quantiles. */
    private static Optional<String> selector(JobQuery query) {
        return switch (query) {
            case JobQuery.OfSketch sketch
            when sketch.function() instanceof SketchFunction.Quantile ->
                rangeSelector(sketch.expression()).map(CanonicalExpression::text);
            case JobQuery.OfSketch other -> Optional.empty();
            case JobQuery.OfExpression other -> Optional.empty();
        };
    }

    private static Optional<Expr> rangeSelector(Expr expression) {
        return switch (expression) {
            case Expr.Call call ->
                call.arguments().stream()
                        .flatMap(argument -> rangeSelector(argument).stream())
                        .findFirst();
            case Expr.Parenthesized parenthesized -> rangeSelector(parenthesized.expression());
            case Expr.MatrixSelector matrix -> Optional.of(matrix);
            case Expr.NumberLiteral other -> Optional.empty();
            case Expr.StringLiteral other -> Optional.empty();
            case Expr.VectorSelector other -> Optional.empty();
            case Expr.Subquery other -> Optional.empty();
            case Expr.Aggregate other -> Optional.empty();
            case Expr.Binary other -> Optional.empty();
            case Expr.Unary other -> Optional.empty();
        };
    }

    /** Brings a ring that took something, and all of them together, under their limits. */
    private void shrink(JobRing ring) {
        while (ring.size() > settings.ticksMax()) {
            change(ring, ring::dropOldest);
        }
        while (ring.bytes() > settings.jobBytesMax() && ring.size() > 0) {
            change(ring, () -> shrinkOnce(ring));
        }
        while (totalBytes.get() > settings.totalBytesMax()) {
            shrinkTotalOnce(ring);
        }
    }

    private void shrinkOnce(JobRing ring) {
        Optional<Long> withSketches = ring.oldestWithSketches();
        if (withSketches.isPresent()) {
            ring.dropSketchesAt(withSketches.orElseThrow());
        } else if (ring.size() > 1 || !ring.dropNewestSketches()) {
            droppedTicks.incrementAndGet();
            ring.dropOldest();
        }
    }

    private void shrinkTotalOnce(JobRing taker) {
        if (!warm.isEmpty()) {
            drop(warm.values().iterator().next());
            return;
        }
        JobRing withSketches = oldest(ring -> ring.oldestWithSketches().orElse(JobRing.NEVER));
        if (withSketches != null) {
            change(withSketches, () -> shrinkOnce(withSketches));
            return;
        }
        JobRing old = oldest(ring -> ring.oldest().orElse(JobRing.NEVER));
        // Every job has its newest tick only: who comes now finds no room.
        JobRing victim = old != null ? old : taker.size() > 0 ? taker : null;
        if (victim == null) {
            throw new IllegalStateException(
                    totalBytes.get() + " bytes of results, but none to drop: this is a defect of their count");
        }
        change(victim, () -> shrinkOnce(victim));
    }

    private @Nullable JobRing oldest(ToLongFunction<JobRing> time) {
        JobRing oldest = null;
        long oldestMillis = JobRing.NEVER;
        for (JobRing ring : rings.values()) {
            long millis = time.applyAsLong(ring);
            if (millis < oldestMillis) {
                oldest = ring;
                oldestMillis = millis;
            }
        }
        return oldest;
    }

    private void change(JobRing ring, Runnable change) {
        long before = ring.bytes();
        change.run();
        totalBytes.addAndGet(ring.bytes() - before);
    }

    static TickResult withoutSketches(TickResult result) {
        return new TickResult(
                result.jobId(),
                result.evalMillis(),
                result.vector(),
                result.bound(),
                result.coverage(),
                result.computedAtMillis(),
                List.of());
    }

    static TickResult withJobId(TickResult result, String jobId) {
        return new TickResult(
                jobId,
                result.evalMillis(),
                result.vector(),
                result.bound(),
                result.coverage(),
                result.computedAtMillis(),
                result.sketches());
    }
}
