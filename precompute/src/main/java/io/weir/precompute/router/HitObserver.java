package io.weir.precompute.router;

import io.weir.precompute.job.Job;
import io.weir.precompute.result.ErrorBound;
import io.weir.promql.ast.Expr;
import io.weir.queryapi.spi.PrecomputedAnswers.Series;
import java.util.List;

/** Is told of hits, on the threads of the queries: returns at once, and drops what it cannot take. */
public interface HitObserver {
    /** Looks away. */
    HitObserver NONE = observed -> {};

    void onHit(Observed observed);

    /**
     * A hit.
     *
     * @param expression that was asked
     * @param bound of the answer
     * @param tickMillis the newest tick in it, which gave the last value of each series
     */
    record Observed(Job job, Expr expression, ErrorBound bound, long tickMillis, List<Series> series) {}
}
