package io.weir.promql.plan;

/** How much of an expression the planner gives to the leaves. */
public enum Pushdown {
    /** The largest per-series subtrees, with at most one mergeable aggregation on top. */
    FULL,
    /** Selectors, and range functions directly on selectors; everything else is evaluated centrally. A reference to compare with. */
    SELECTORS_ONLY
}
