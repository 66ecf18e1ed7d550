package io.weir.precompute.job;

import io.weir.promql.ast.Expr;

/** The query of a job, understood. */
public sealed interface JobQuery {
    /** As it was sent. */
    String text();

    Expr expression();

    /** {@link io.weir.promql.parser.CanonicalExpression#text}: equal for queries that ask for the same. */
    String canonical();

    /** How far back it reads from a tick, in ms; the lookback for a plain selector. */
    long windowMillis();

    /**
     * One of the three functions over a plain range selector (no offset, no {@code @}, no subquery): answered from sketches.
     *
     * @param selector of the range selector
     */
    record OfSketch(
            String text,
            Expr expression,
            String canonical,
            long windowMillis,
            SketchFunction function,
            Expr.VectorSelector selector)
            implements JobQuery {}

    /** Any other PromQL with a selector: the source evaluates it at each tick. Sources of sketches cannot. */
    record OfExpression(String text, Expr expression, String canonical, long windowMillis) implements JobQuery {}
}
