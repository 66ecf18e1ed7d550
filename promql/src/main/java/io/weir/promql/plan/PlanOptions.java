package io.weir.promql.plan;

/**
 * What the planner needs to know besides the expression and its grid.
 *
 * @param lookbackMillis how old the newest sample of an instant selector may be
 * @param subqueryStepMillis resolution of a subquery without a step of its own
 * @param delayedNameRemoval whether metric names are dropped only at the end of the query (feature promql-delayed-name-removal)
 */
public record PlanOptions(long lookbackMillis, Pushdown pushdown, long subqueryStepMillis, boolean delayedNameRemoval) {
    /** Prometheus' default for query.lookback-delta. */
    public static final long LOOKBACK_MILLIS_DEFAULT = 300_000;

    /** Prometheus' default for global.evaluation_interval, which is the step of a subquery without one. */
    public static final long SUBQUERY_STEP_MILLIS_DEFAULT = 60_000;

    public static final PlanOptions DEFAULT =
            new PlanOptions(LOOKBACK_MILLIS_DEFAULT, Pushdown.FULL, SUBQUERY_STEP_MILLIS_DEFAULT, false);

    public PlanOptions {
        if (lookbackMillis <= 0) {
            throw new IllegalArgumentException("lookbackMillis must be positive, is " + lookbackMillis);
        }
        if (subqueryStepMillis <= 0) {
            throw new IllegalArgumentException("subqueryStepMillis must be positive, is " + subqueryStepMillis);
        }
    }

    public PlanOptions withPushdown(Pushdown changed) {
        return new PlanOptions(lookbackMillis, changed, subqueryStepMillis, delayedNameRemoval);
    }

    public PlanOptions withDelayedNameRemoval(boolean changed) {
        return new PlanOptions(lookbackMillis, pushdown, subqueryStepMillis, changed);
    }
}
