package io.weir.precompute.schedule;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.TickSource;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
import io.weir.sketch.DdSketch;
import io.weir.sketch.SampledSketch;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A source that answers as it is told, and remembers what it was asked and how many at a time. */
public final class TestingTickSource implements TickSource {
    /** What it answers. */
    @FunctionalInterface
    public interface Behaviour {
        SketchBatch answer(Job job, long toMillis, long deadlineNanos) throws SourceException, InterruptedException;
    }

    /** A question. */
    public record Fetch(String jobId, long toMillis, long atMillis) {}

    public final ConcurrentLinkedQueue<Fetch> fetches = new ConcurrentLinkedQueue<>();
    public final ConcurrentLinkedQueue<String> forgotten = new ConcurrentLinkedQueue<>();
    private final Map<String, AtomicInteger> atATime = new ConcurrentHashMap<>();
    public final AtomicInteger atATimeMax = new AtomicInteger();
    public volatile Behaviour behaviour = (job, toMillis, deadlineNanos) -> batch(1, 1, 2, 3);

    /** What it says about expressions. */
    public volatile List<Annotation> annotations = List.of();

    public static SketchBatch batch(double coverage, double... values) {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        for (double value : values) {
            sketch.add(value);
        }
        return new SketchBatch(
                List.of(new SketchPoint(Labels.of("service", "web"), SampledSketch.of(sketch))), coverage);
    }

    public List<Long> ticksOf(String jobId) {
        return fetches.stream()
                .filter(fetch -> fetch.jobId().equals(jobId))
                .map(Fetch::toMillis)
                .toList();
    }

    @Override
    public SketchBatch sketches(Job job, JobQuery.OfSketch query, long toMillis, long deadlineNanos)
            throws SourceException, InterruptedException {
        fetches.add(new Fetch(job.jobId(), toMillis, System.currentTimeMillis()));
        AtomicInteger running = atATime.computeIfAbsent(job.jobId(), id -> new AtomicInteger());
        atATimeMax.accumulateAndGet(running.incrementAndGet(), Math::max);
        try {
            return behaviour.answer(job, toMillis, deadlineNanos);
        } finally {
            running.decrementAndGet();
        }
    }

    @Override
    public ResultVector evaluate(Job job, JobQuery.OfExpression query, long timeMillis, long deadlineNanos)
            throws SourceException {
        fetches.add(new Fetch(job.jobId(), timeMillis, System.currentTimeMillis()));
        return new ResultVector(List.of(new ResultVector.Element(Labels.EMPTY, timeMillis)), annotations);
    }

    @Override
    public void forget(String jobId) {
        forgotten.add(jobId);
    }

    @Override
    public void close() {}
}
