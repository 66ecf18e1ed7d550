package io.weir.precompute.router;

import io.weir.precompute.evaluate.SketchEvaluation;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.ResultDirectory;
import io.weir.precompute.result.ResultDirectory.JobResults;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.result.TickResult;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.parser.CanonicalExpression;
import io.weir.sketch.SketchMismatchException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The jobs whose results may answer an expression: those of the same one, then those whose sketches know every quantile of its window. */
final class Candidates {
    private final ResultDirectory directory;

    Candidates(ResultDirectory directory) {
        this.directory = directory;
    }

    /**
     * A job that may answer.
     *
     * @param rank the quantile to ask its sketches for; null to take its vectors as they are
     */
    record Candidate(JobResults results, @Nullable Double rank) {
        /** What a tick says; empty if its sketches cannot tell. */
        Optional<Answered> of(TickResult tick) {
            if (rank == null) {
                return Optional.of(new Answered(tick.vector(), tick.bound()));
            }
            if (tick.sketches().isEmpty() && !tick.vector().elements().isEmpty()) {
                return Optional.empty();
            }
            try {
                SketchEvaluation evaluation = SketchEvaluation.of(new SketchFunction.Quantile(rank), tick.sketches());
                return Optional.of(new Answered(evaluation.vector(), evaluation.bound()));
            } catch (SketchMismatchException e) {
                // Sketches that do not tell it: the query goes to the data.
                return Optional.empty();
            }
        }
    }

    /** A tick's answer. */
    record Answered(ResultVector vector, ErrorBound bound) {}

    /** In the order in which they are to be tried. */
    List<Candidate> find(String tenant, Expr expression) {
        List<Candidate> found = new ArrayList<>();
        for (JobResults results : directory.find(tenant, CanonicalExpression.text(expression))) {
            add(found, results, null);
        }
        Quantile quantile = quantile(expression);
        if (quantile != null) {
            for (JobResults results : directory.findQuantiles(tenant, quantile.selector())) {
                add(found, results, quantile.rank());
            }
        }
        return found;
    }

    /** A job with labels merges what its query keeps apart: it computes something else than its query says. */
    private static void add(List<Candidate> found, JobResults results, @Nullable Double rank) {
        boolean known = found.stream()
                .anyMatch(other ->
                        other.results().job().jobId().equals(results.job().jobId()));
        boolean answers = rank == null || results.job().spec().query() instanceof JobQuery.OfSketch;
        if (!known && answers && results.job().spec().labels().isEmpty()) {
            found.add(new Candidate(results, rank));
        }
    }

    private record Quantile(double rank, String selector) {}

    private static @Nullable Quantile quantile(Expr expression) {
        if (expression instanceof Expr.Call call
                && call.function() == Function.QUANTILE_OVER_TIME
                && call.arguments().getFirst() instanceof Expr.NumberLiteral rank
                && rank.value() >= 0
                && rank.value() <= 1
                && call.arguments().getLast() instanceof Expr.MatrixSelector selector
                && selector.selector().offset() == null
                && selector.selector().at() == null
                && !selector.selector().anchored()
                && !selector.selector().smoothed()) {
            return new Quantile(rank.value(), CanonicalExpression.text(selector));
        }
        return null;
    }
}
