package io.weir.precompute.router;

import io.weir.precompute.job.Job;
import io.weir.promql.ast.Duration;
import io.weir.promql.ast.Expr;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.CanonicalExpression;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Says by what a query that no job computes differs from the job that comes nearest to it. For explain: it looks at all jobs of a tenant, as queries
 * never do.
 */
final class NearestJob {
    private NearestJob() {}

    /** A difference between two expressions: they are equal without it. */
    private enum Difference {
        MODIFIER(
                "has an offset, @, anchored or smoothed that this job has not, or has it otherwise",
                selector -> new Expr.VectorSelector(
                        selector.name(), selector.matchers(), null, null, false, false, selector.position())),
        MATCHERS(
                "selects by other matchers than this job",
                selector -> new Expr.VectorSelector(
                        selector.name(),
                        selector.matchers().stream()
                                .filter(matcher -> matcher.name().equals(Labels.METRIC_NAME)
                                        && matcher.type() == LabelMatcher.Type.EQUAL)
                                .toList(),
                        selector.offset(),
                        selector.at(),
                        selector.anchored(),
                        selector.smoothed(),
                        selector.position())),
        WINDOW("has another window than this job", UnaryOperator.identity());

        private final String text;
        private final UnaryOperator<Expr.VectorSelector> without;

        Difference(String text, UnaryOperator<Expr.VectorSelector> without) {
            this.text = text;
            this.without = without;
        }
    }

    /**
     * The difference, in words; empty if no job is near.
     *
     * @param jobs of the tenant
     */
    static Optional<String> explain(Expr expression, List<Job> jobs) {
        List<Job> ordered =
                jobs.stream().sorted(Comparator.comparing(Job::jobId)).toList();
        String canonical = CanonicalExpression.text(expression);
        for (Job job : ordered) {
            if (job.spec().query().canonical().equals(canonical)
                    && job.spec().labels().isPresent()) {
                return Optional.of("job " + job.jobId() + " computes it merged over all labels but "
                        + job.spec().labels().get() + "; that is read by its store path only");
            }
        }
        // No difference is in the metrics, and these are compared far sooner than whole expressions.
        List<String> metrics = metrics(expression);
        List<Job> candidates = ordered.stream()
                .filter(job -> metrics(job.spec().query().expression()).equals(metrics))
                .toList();
        for (Difference difference : Difference.values()) {
            String reduced = reduced(expression, difference);
            for (Job job : candidates) {
                if (reduced(job.spec().query().expression(), difference).equals(reduced)) {
                    return Optional.of("the nearest is job " + job.jobId() + ", "
                            + job.spec().query().canonical() + ": the query " + difference.text);
                }
            }
        }
        return Optional.empty();
    }

    /** The names of the metrics, from left to right. */
    private static List<String> metrics(Expr expression) {
        List<String> names = new ArrayList<>();
        addMetrics(expression, names);
        return names;
    }

    private static void addMetrics(Expr expression, List<String> names) {
        if (expression instanceof Expr.VectorSelector selector) {
            selector.matchers().stream()
                    .filter(NearestJob::isName)
                    .map(LabelMatcher::value)
                    .forEach(names::add);
        }
        expression.children().forEach(child -> addMetrics(child, names));
    }

    private static boolean isName(LabelMatcher matcher) {
        return matcher.name().equals(Labels.METRIC_NAME) && matcher.type() == LabelMatcher.Type.EQUAL;
    }

    private static String reduced(Expr expression, Difference difference) {
        return CanonicalExpression.text(without(expression, difference));
    }

    private static Expr without(Expr expression, Difference difference) {
        return switch (expression) {
            case Expr.NumberLiteral number -> number;
            case Expr.StringLiteral string -> string;
            case Expr.VectorSelector selector -> difference.without.apply(selector);
            case Expr.MatrixSelector matrix ->
                new Expr.MatrixSelector(
                        difference.without.apply(matrix.selector()),
                        difference == Difference.WINDOW ? new Duration.Literal(1) : matrix.range(),
                        matrix.position());
            case Expr.Subquery subquery ->
                new Expr.Subquery(
                        without(subquery.expression(), difference),
                        difference == Difference.WINDOW ? new Duration.Literal(1) : subquery.range(),
                        subquery.step(),
                        difference == Difference.MODIFIER ? null : subquery.offset(),
                        difference == Difference.MODIFIER ? null : subquery.at(),
                        subquery.position());
            case Expr.Call call ->
                new Expr.Call(
                        call.function(),
                        call.arguments().stream()
                                .map(argument -> without(argument, difference))
                                .toList(),
                        call.position());
            case Expr.Aggregate aggregate -> {
                Expr parameter = aggregate.parameter();
                yield new Expr.Aggregate(
                        aggregate.operator(),
                        parameter == null ? null : without(parameter, difference),
                        without(aggregate.expression(), difference),
                        aggregate.without(),
                        aggregate.grouping(),
                        aggregate.position());
            }
            case Expr.Binary binary ->
                new Expr.Binary(
                        binary.operator(),
                        without(binary.left(), difference),
                        without(binary.right(), difference),
                        binary.returnBool(),
                        binary.matching(),
                        binary.position());
            case Expr.Unary unary ->
                new Expr.Unary(unary.negative(), without(unary.expression(), difference), unary.position());
            case Expr.Parenthesized parenthesized ->
                new Expr.Parenthesized(without(parenthesized.expression(), difference), parenthesized.position());
        };
    }
}
