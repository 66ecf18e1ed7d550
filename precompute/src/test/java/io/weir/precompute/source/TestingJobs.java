package io.weir.precompute.source;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.JobSpec;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.job.SketchOptions;
import io.weir.promql.ast.Expr;
import io.weir.promql.parser.CanonicalExpression;
import io.weir.promql.parser.PromqlParser;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Jobs as the registry would make them of a request. */
public final class TestingJobs {
    private TestingJobs() {}

    public static JobQuery.OfSketch sketch(SketchFunction function, String selector, long windowMillis) {
        Expr expression = PromqlParser.parse(selector, Set.of());
        return new JobQuery.OfSketch(
                function.functionName() + "(" + selector + ")",
                expression,
                CanonicalExpression.text(expression),
                windowMillis,
                function,
                (Expr.VectorSelector) expression);
    }

    public static JobQuery.OfExpression expression(String text) {
        Expr expression = PromqlParser.parse(text, Set.of());
        return new JobQuery.OfExpression(text, expression, CanonicalExpression.text(expression), 300_000);
    }

    public static Job job(String tenant, JobQuery query, long granularityMillis, SourceAddress source) {
        return new Job(
                "job-1",
                new JobSpec(
                        tenant,
                        query,
                        granularityMillis,
                        source,
                        "ddsketch",
                        "precomputed/test",
                        OptionalLong.empty(),
                        Optional.empty(),
                        SketchOptions.DEFAULT),
                0);
    }
}
