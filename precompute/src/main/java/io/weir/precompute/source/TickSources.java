package io.weir.precompute.source;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.result.ResultVector;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Hands each job's ticks to the source of its kind of address. Thread-safe. */
public final class TickSources implements TickSource {
    private final Map<Class<? extends SourceAddress>, TickSource> sources = new ConcurrentHashMap<>();

    /**
     * Makes a source answer for a kind of address; it is closed with this.
     *
     * @throws IllegalStateException if there is one for it
     */
    public void register(Class<? extends SourceAddress> kind, TickSource source) {
        if (sources.putIfAbsent(kind, source) != null) {
            throw new IllegalStateException("two sources for " + kind.getSimpleName());
        }
    }

    @Override
    public SketchBatch sketches(Job job, JobQuery.OfSketch query, long toMillis, long deadlineNanos)
            throws SourceException, InterruptedException {
        return of(job).sketches(job, query, toMillis, deadlineNanos);
    }

    @Override
    public ResultVector evaluate(Job job, JobQuery.OfExpression query, long timeMillis, long deadlineNanos)
            throws SourceException, InterruptedException {
        return of(job).evaluate(job, query, timeMillis, deadlineNanos);
    }

    private TickSource of(Job job) throws SourceException {
        SourceAddress address = job.spec().source();
        TickSource source = sources.get(address.getClass());
        if (source == null) {
            throw new SourceException(
                    SourceException.Cause.UNSUPPORTED, "this API has no access to sources such as " + address.text());
        }
        return source;
    }

    /** Every source forgets it: a job's kind of address never changes, but who asks may not know it any more. */
    @Override
    public void forget(String jobId) {
        sources.values().forEach(source -> source.forget(jobId));
    }

    @Override
    public void close() {
        List<RuntimeException> failures = new ArrayList<>();
        for (TickSource source : sources.values()) {
            try {
                source.close();
            } catch (RuntimeException failure) {
                failures.add(failure);
            }
        }
        if (!failures.isEmpty()) {
            RuntimeException first = failures.getFirst();
            failures.stream().skip(1).forEach(first::addSuppressed);
            throw first;
        }
    }
}
