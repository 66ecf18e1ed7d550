package io.weir.precompute.schedule;

import static io.weir.precompute.result.TestingTickJobs.expression;
import static io.weir.precompute.result.TestingTickJobs.quantile;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.TestingTickJobs;
import io.weir.precompute.result.TickResult;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceException;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.annotation.ForcedMonotonicity;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.labels.Labels;
import io.weir.sketch.CountMin;
import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencyParameters;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.SketchCapacityException;
import io.weir.sketch.SketchKey;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class TickRunnerTest {
    private final TestingTickSource source = new TestingTickSource();
    private final TickRunner runner = new TickRunner(source, 3, () -> 77);

    private TickOutcome run(TestingTickJobs job) {
        return runner.run(job.job(), 10_000, Long.MAX_VALUE);
    }

    private TickResult done(TestingTickJobs job) {
        return assertInstanceOf(TickOutcome.Done.class, run(job)).result();
    }

    private TickOutcome.Failed failed(TestingTickJobs job) {
        return assertInstanceOf(TickOutcome.Failed.class, run(job));
    }

    @Test
    void quantilesKeepTheirSketchesForOtherQuantiles() {
        TickResult result = done(quantile("a"));
        assertEquals(10_000, result.evalMillis());
        assertEquals(77, result.computedAtMillis());
        assertEquals(3, result.vector().elements().getFirst().value(), 0.03);
        assertEquals(new ErrorBound.Relative(0.01), result.bound());
        assertEquals(1, result.sketches().size());
    }

    @Test
    void otherSketchesAreNotKept() {
        CountMin sketch = new CountMin(FrequencyParameters.of(5, 2_048, 10));
        sketch.add(SketchKey.of("x"), 5);
        source.behaviour = (job, toMillis, deadline) ->
                new SketchBatch(List.of(new SketchPoint(Labels.EMPTY, SampledSketch.of(sketch))), 1);
        TickResult result = done(quantile("a").function(new SketchFunction.Top(3)));
        assertEquals(
                Labels.of("item", "x"), result.vector().elements().getFirst().labels());
        assertEquals(List.of(), result.sketches());
    }

    @Test
    void labelsGroupTheSketches() {
        DdSketch one = DdSketch.ofAccuracy(0.01);
        one.add(1);
        DdSketch other = DdSketch.ofAccuracy(0.01);
        other.add(100);
        source.behaviour = (job, toMillis, deadline) -> new SketchBatch(
                List.of(
                        new SketchPoint(Labels.of("service", "web", "host", "a"), SampledSketch.of(one)),
                        new SketchPoint(Labels.of("service", "web", "host", "b"), SampledSketch.of(other))),
                1);
        TickResult result = done(quantile("a").labels("service"));
        assertEquals(1, result.vector().elements().size());
        assertEquals(
                Labels.of("service", "web"),
                result.vector().elements().getFirst().labels());
        assertEquals(100, result.vector().elements().getFirst().value(), 1);
    }

    @Test
    void anExpressionIsExact() {
        TickResult result = done(expression("a"));
        assertEquals(new ErrorBound.Exact(), result.bound());
        assertEquals(10_000, result.vector().elements().getFirst().value());
    }

    @Test
    void whatIsSaidAboutAnExpressionStaysWithItsResult() {
        ForcedMonotonicity detail = new ForcedMonotonicity(1, 2, 0.1, 0.5, 1e-3, 4);
        PositionRange position = new PositionRange(3, 9);
        source.annotations = List.of(
                new Annotation(Annotation.Level.INFO, "x".repeat(10_000), position),
                new Annotation(Annotation.Level.INFO, "raised", position, detail),
                new Annotation(Annotation.Level.INFO, "no room for it", position),
                new Annotation(Annotation.Level.WARNING, "wrong", position));
        // Without positions: whoever asks may spell the query otherwise.
        assertEquals(
                List.of(
                        new Annotation(Annotation.Level.WARNING, "wrong", PositionRange.NONE),
                        new Annotation(Annotation.Level.INFO, "x".repeat(1_000) + "...", PositionRange.NONE),
                        new Annotation(Annotation.Level.INFO, "raised", PositionRange.NONE, detail)),
                done(expression("a")).vector().annotations());
    }

    @Test
    void aPartOfTheWindowIsNoResult() {
        source.behaviour = (job, toMillis, deadline) -> TestingTickSource.batch(0.5, 1);
        assertEquals(new TickOutcome.Incomplete(0.5), run(quantile("a")));
        source.behaviour = (job, toMillis, deadline) -> TestingTickSource.batch(Double.NaN, 1);
        assertInstanceOf(TickOutcome.Incomplete.class, run(quantile("a")));
    }

    @Test
    void anEmptyWindowIsAnEmptyVector() {
        source.behaviour = (job, toMillis, deadline) -> new SketchBatch(List.of(), 1);
        assertEquals(List.of(), done(quantile("a")).vector().elements());
    }

    @Test
    void whatTheSourceDoesWrongIsACauseAndAText() {
        source.behaviour = (job, toMillis, deadline) -> {
            throw new SourceException(SourceException.Cause.UNREACHABLE, "nobody listens at collector:4317");
        };
        assertEquals(
                new TickOutcome.Failed(
                        "nobody listens at collector:4317", Optional.of(SourceException.Cause.UNREACHABLE)),
                run(quantile("a")));
        source.behaviour = (job, toMillis, deadline) -> {
            throw new SketchCapacityException("too wide");
        };
        assertEquals(
                Optional.of(SourceException.Cause.LIMIT), failed(quantile("a")).cause());
        source.behaviour = (job, toMillis, deadline) -> TestingTickSource.batch(1, 1);
        assertEquals(
                Optional.of(SourceException.Cause.BAD_DATA),
                failed(quantile("a").function(new SketchFunction.CountDistinct()))
                        .cause());
        source.behaviour = (job, toMillis, deadline) -> {
            throw new SourceException(SourceException.Cause.BAD_DATA, "x".repeat(100_000));
        };
        assertEquals(1_003, failed(quantile("a")).message().length());
    }

    @Test
    void aDefectIsAFailureThatShowsNothingOfTheInside() {
        source.behaviour = (job, toMillis, deadline) -> {
            throw new IllegalStateException("SELECT secret FROM tables");
        };
        TickOutcome.Failed failed = failed(quantile("a"));
        assertEquals(Optional.empty(), failed.cause());
        assertFalse(failed.message().contains("SELECT"), failed.message());
        assertTrue(failed.message().contains("IllegalStateException"), failed.message());
    }

    @Test
    void anInterruptedTickIsCancelled() {
        source.behaviour = (job, toMillis, deadline) -> {
            throw new InterruptedException();
        };
        assertEquals(new TickOutcome.Canceled(), run(quantile("a")));
        source.behaviour = (job, toMillis, deadline) -> {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("cancelled underneath");
        };
        assertEquals(new TickOutcome.Canceled(), run(quantile("a")));
        assertTrue(Thread.interrupted());
    }
}
