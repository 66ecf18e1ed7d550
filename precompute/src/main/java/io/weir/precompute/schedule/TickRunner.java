package io.weir.precompute.schedule;

import io.weir.precompute.evaluate.SketchEvaluation;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.result.TickResult;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.TickSource;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import io.weir.sketch.SketchCapacityException;
import io.weir.sketch.SketchMismatchException;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Computes one tick: asks the source, merges, evaluates. Whatever goes wrong becomes an outcome. Thread-safe. */
final class TickRunner {
    private static final Logger LOG = LoggerFactory.getLogger(TickRunner.class);
    /** Statuses and rows of the database hold these texts, and sources write them. */
    private static final int MESSAGE_CHARACTERS_MAX = 1_000;

    private final TickSource source;
    private final int annotationsMax;
    private final LongSupplier wallMillis;

    TickRunner(TickSource source, int annotationsMax, LongSupplier wallMillis) {
        this.source = source;
        this.annotationsMax = annotationsMax;
        this.wallMillis = wallMillis;
    }

    /**
     * Computes a tick; blocks until that is done, or its thread is interrupted.
     *
     * @param deadlineNanos {@link System#nanoTime}
     */
    TickOutcome run(Job job, long evalMillis, long deadlineNanos) {
        try {
            return switch (job.spec().query()) {
                case JobQuery.OfSketch query -> fromSketches(job, query, evalMillis, deadlineNanos);
                case JobQuery.OfExpression query -> {
                    ResultVector vector = bounded(source.evaluate(job, query, evalMillis, deadlineNanos));
                    yield done(job, evalMillis, vector, new ErrorBound.Exact(), List.of());
                }
            };
        } catch (InterruptedException interrupted) {
            return new TickOutcome.Canceled();
        } catch (SourceException failure) {
            return failed(failure, failure.why());
        } catch (SketchMismatchException failure) {
            return failed(failure, SourceException.Cause.BAD_DATA);
        } catch (SketchCapacityException failure) {
            return failed(failure, SourceException.Cause.LIMIT);
        } catch (RuntimeException defect) {
            if (Thread.currentThread().isInterrupted()) {
                return new TickOutcome.Canceled();
            }
            LOG.error("tick {} of precompute job {} failed", evalMillis, job.jobId(), defect);
            return new TickOutcome.Failed(
                    "the tick failed inside Weir (" + defect.getClass().getSimpleName() + "); its log says why",
                    Optional.empty());
        }
    }

    private TickOutcome fromSketches(Job job, JobQuery.OfSketch query, long evalMillis, long deadlineNanos)
            throws SourceException, InterruptedException {
        SketchBatch batch = source.sketches(job, query, evalMillis, deadlineNanos);
        if (!(batch.coverage() >= 1)) {
            return new TickOutcome.Incomplete(batch.coverage());
        }
        List<SketchPoint> points = job.spec()
                .labels()
                .map(labels -> SketchEvaluation.grouped(batch.points(), labels))
                .orElseGet(() -> SketchEvaluation.merged(batch.points()));
        SketchEvaluation evaluation = SketchEvaluation.of(query.function(), points);
        // Only quantiles have other questions that the same sketches answer.
        List<SketchPoint> kept = query.function() instanceof SketchFunction.Quantile ? points : List.of();
        return done(job, evalMillis, evaluation.vector(), evaluation.bound(), kept);
    }

    private TickOutcome done(
            Job job, long evalMillis, ResultVector vector, ErrorBound bound, List<SketchPoint> sketches) {
        return new TickOutcome.Done(
                new TickResult(job.jobId(), evalMillis, vector, bound, 1, wallMillis.getAsLong(), sketches));
    }

    /** With as much of what is said about it as results keep. Positions are those of the job's spelling, and queries have their own. */
    private ResultVector bounded(ResultVector vector) {
        List<Annotation> kept = vector.annotations().stream()
                .sorted(Comparator.comparing(Annotation::level))
                .limit(annotationsMax)
                .map(it -> new Annotation(it.level(), shortened(it.text()), PositionRange.NONE, it.detail()))
                .toList();
        return new ResultVector(vector.elements(), kept);
    }

    private static TickOutcome failed(Exception failure, SourceException.Cause cause) {
        String message = Objects.requireNonNullElse(failure.getMessage(), failure.toString());
        return new TickOutcome.Failed(shortened(message), Optional.of(cause));
    }

    private static String shortened(String text) {
        return text.length() <= MESSAGE_CHARACTERS_MAX ? text : text.substring(0, MESSAGE_CHARACTERS_MAX) + "...";
    }
}
