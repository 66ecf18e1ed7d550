package io.weir.precompute.suggestion;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.SketchFunction;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.error.QueryException;
import io.weir.promql.parser.CanonicalExpression;
import io.weir.promql.parser.Feature;
import io.weir.promql.parser.PromqlParser;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Which jobs answer no queries, though they are old enough to have answered some. */
final class UnusedJobs {
    private UnusedJobs() {}

    /**
     * The jobs without a hit, by id.
     *
     * @param hits texts of the queries that were answered from precomputed results, in the time
     * @param createdBeforeMillis jobs that are younger may still be used
     */
    static List<Job> of(List<Job> jobs, List<String> hits, long createdBeforeMillis) {
        Set<String> used = new HashSet<>();
        int unreadable = Integer.MAX_VALUE;
        for (String text : hits) {
            try {
                Expr expression = PromqlParser.parse(text, Feature.ALL);
                used.add(CanonicalExpression.text(expression));
                quantilesOf(expression).ifPresent(used::add);
            } catch (QueryException e) {
                // The history cuts long texts: whose it was cannot be told any more, so all jobs with such long ones
                // count as used.
                unreadable = Math.min(unreadable, text.length());
            }
        }
        int tooLong = unreadable;
        return jobs.stream()
                .filter(job -> job.createdAtMillis() < createdBeforeMillis)
                // Its results are read by store path.
                .filter(job -> job.spec().labels().isEmpty())
                .filter(job -> job.spec().query().text().length() < tooLong)
                .filter(job -> !isUsed(job.spec().query(), used))
                .sorted(Comparator.comparing(Job::jobId))
                .toList();
    }

    /** By its own query, or by another quantile of the same window. */
    private static boolean isUsed(JobQuery query, Set<String> used) {
        return used.contains(query.canonical())
                || (query instanceof JobQuery.OfSketch sketch
                        && sketch.function() instanceof SketchFunction.Quantile
                        && quantilesOf(query.expression())
                                .filter(used::contains)
                                .isPresent());
    }

    /** The selector of a quantile, as text that is no query by itself. */
    private static Optional<String> quantilesOf(Expr expression) {
        return expression instanceof Expr.Call call && call.function() == Function.QUANTILE_OVER_TIME
                ? Optional.of("quantiles of "
                        + CanonicalExpression.text(call.arguments().getLast()))
                : Optional.empty();
    }
}
