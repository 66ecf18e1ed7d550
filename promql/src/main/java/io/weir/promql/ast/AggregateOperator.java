package io.weir.promql.ast;

/** The aggregation operators of PromQL. */
public enum AggregateOperator {
    SUM,
    AVG,
    MIN,
    MAX,
    COUNT,
    GROUP,
    STDDEV,
    STDVAR,
    TOPK,
    BOTTOMK,
    QUANTILE,
    COUNT_VALUES,
    LIMITK,
    LIMIT_RATIO;

    /** The name in PromQL. */
    public String text() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /** Whether the operator takes a parameter before the vector. */
    public boolean hasParameter() {
        return switch (this) {
            case TOPK, BOTTOMK, QUANTILE, COUNT_VALUES, LIMITK, LIMIT_RATIO -> true;
            case SUM, AVG, MIN, MAX, COUNT, GROUP, STDDEV, STDVAR -> false;
        };
    }

    public boolean isExperimental() {
        return this == LIMITK || this == LIMIT_RATIO;
    }
}
