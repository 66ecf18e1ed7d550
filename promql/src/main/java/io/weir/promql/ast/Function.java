package io.weir.promql.ast;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The functions of PromQL with their signatures (Prometheus 3.14, promql/parser/functions.go), and two of Weir's own.
 *
 * <p>{@code variadic} is Prometheus' notion: 0 takes exactly the listed arguments; n &gt; 0 lets the last listed argument be left out
 * and takes at most n - 1 more than listed; -1 lets the last listed argument be left out or repeated.
 */
public enum Function {
    ABS(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    CEIL(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    FLOOR(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    EXP(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    LN(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    LOG2(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    LOG10(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    SQRT(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    SGN(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    ACOS(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    ACOSH(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    ASIN(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    ASINH(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    ATAN(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    ATANH(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    COS(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    COSH(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    SIN(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    SINH(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    TAN(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    TANH(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    DEG(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    RAD(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    ROUND(ValueType.VECTOR, 1, false, ValueType.VECTOR, ValueType.SCALAR),
    CLAMP(ValueType.VECTOR, 0, false, ValueType.VECTOR, ValueType.SCALAR, ValueType.SCALAR),
    CLAMP_MIN(ValueType.VECTOR, 0, false, ValueType.VECTOR, ValueType.SCALAR),
    CLAMP_MAX(ValueType.VECTOR, 0, false, ValueType.VECTOR, ValueType.SCALAR),
    PI(ValueType.SCALAR, 0, false),
    TIME(ValueType.SCALAR, 0, false),
    SCALAR(ValueType.SCALAR, 0, false, ValueType.VECTOR),
    VECTOR(ValueType.VECTOR, 0, false, ValueType.SCALAR),
    MINUTE(ValueType.VECTOR, 1, false, ValueType.VECTOR),
    HOUR(ValueType.VECTOR, 1, false, ValueType.VECTOR),
    DAY_OF_WEEK(ValueType.VECTOR, 1, false, ValueType.VECTOR),
    DAY_OF_MONTH(ValueType.VECTOR, 1, false, ValueType.VECTOR),
    DAY_OF_YEAR(ValueType.VECTOR, 1, false, ValueType.VECTOR),
    DAYS_IN_MONTH(ValueType.VECTOR, 1, false, ValueType.VECTOR),
    MONTH(ValueType.VECTOR, 1, false, ValueType.VECTOR),
    YEAR(ValueType.VECTOR, 1, false, ValueType.VECTOR),
    TIMESTAMP(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    AVG_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    MIN_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    MAX_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    SUM_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    COUNT_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    STDDEV_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    STDVAR_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    LAST_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    FIRST_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    PRESENT_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    ABSENT_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    QUANTILE_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.SCALAR, ValueType.MATRIX),
    /** How many different values; of Weir, not of Prometheus. */
    COUNT_DISTINCT_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    /** The most frequent values, each as an element of its own; of Weir, not of Prometheus. */
    TOP_K_OVER_TIME(ValueType.VECTOR, 0, false, ValueType.SCALAR, ValueType.MATRIX),
    CHANGES(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    RESETS(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    DERIV(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    DELTA(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    IDELTA(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    RATE(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    IRATE(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    INCREASE(ValueType.VECTOR, 0, false, ValueType.MATRIX),
    PREDICT_LINEAR(ValueType.VECTOR, 0, false, ValueType.MATRIX, ValueType.SCALAR),
    LABEL_REPLACE(
            ValueType.VECTOR,
            0,
            false,
            ValueType.VECTOR,
            ValueType.STRING,
            ValueType.STRING,
            ValueType.STRING,
            ValueType.STRING),
    LABEL_JOIN(ValueType.VECTOR, -1, false, ValueType.VECTOR, ValueType.STRING, ValueType.STRING, ValueType.STRING),
    ABSENT(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    SORT(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    SORT_DESC(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    HISTOGRAM_QUANTILE(ValueType.VECTOR, 0, false, ValueType.SCALAR, ValueType.VECTOR),
    HISTOGRAM_FRACTION(ValueType.VECTOR, 0, false, ValueType.SCALAR, ValueType.SCALAR, ValueType.VECTOR),
    HISTOGRAM_COUNT(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    HISTOGRAM_SUM(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    HISTOGRAM_AVG(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    HISTOGRAM_STDDEV(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    HISTOGRAM_STDVAR(ValueType.VECTOR, 0, false, ValueType.VECTOR),
    START(ValueType.SCALAR, 0, true),
    END(ValueType.SCALAR, 0, true),
    STEP(ValueType.SCALAR, 0, true),
    RANGE(ValueType.SCALAR, 0, true),
    MIN_OF(ValueType.SCALAR, 0, true, ValueType.SCALAR, ValueType.SCALAR),
    MAX_OF(ValueType.SCALAR, 0, true, ValueType.SCALAR, ValueType.SCALAR),
    INFO(ValueType.VECTOR, 1, true, ValueType.VECTOR, ValueType.VECTOR),
    DOUBLE_EXPONENTIAL_SMOOTHING(ValueType.VECTOR, 0, true, ValueType.MATRIX, ValueType.SCALAR, ValueType.SCALAR),
    MAD_OVER_TIME(ValueType.VECTOR, 0, true, ValueType.MATRIX),
    TS_OF_FIRST_OVER_TIME(ValueType.VECTOR, 0, true, ValueType.MATRIX),
    TS_OF_LAST_OVER_TIME(ValueType.VECTOR, 0, true, ValueType.MATRIX),
    TS_OF_MIN_OVER_TIME(ValueType.VECTOR, 0, true, ValueType.MATRIX),
    TS_OF_MAX_OVER_TIME(ValueType.VECTOR, 0, true, ValueType.MATRIX),
    SORT_BY_LABEL(ValueType.VECTOR, -1, true, ValueType.VECTOR, ValueType.STRING),
    SORT_BY_LABEL_DESC(ValueType.VECTOR, -1, true, ValueType.VECTOR, ValueType.STRING),
    HISTOGRAM_QUANTILES(
            ValueType.VECTOR, 9, true, ValueType.VECTOR, ValueType.STRING, ValueType.SCALAR, ValueType.SCALAR),
    START_TIMESTAMP(ValueType.VECTOR, 0, true, ValueType.VECTOR);

    private static final Map<String, Function> BY_NAME =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(Function::text, function -> function));

    private final ValueType returnType;
    private final int variadic;
    private final boolean experimental;
    private final List<ValueType> argumentTypes;

    Function(ValueType returnType, int variadic, boolean experimental, ValueType... argumentTypes) {
        this.returnType = returnType;
        this.variadic = variadic;
        this.experimental = experimental;
        this.argumentTypes = List.of(argumentTypes);
    }

    public static Optional<Function> byName(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    /** The name in PromQL. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    public ValueType returnType() {
        return returnType;
    }

    public int variadic() {
        return variadic;
    }

    /** Whether the function needs the feature flag promql-experimental-functions. */
    public boolean isExperimental() {
        return experimental;
    }

    public List<ValueType> argumentTypes() {
        return argumentTypes;
    }
}
