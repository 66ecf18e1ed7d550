package io.weir.promql.function;

import io.weir.promql.ast.Function;
import io.weir.promql.series.StaleMarker;

/**
 * The functions from one number to one number: mathematics, trigonometry, rounding, clamping and dates (Prometheus 3.14,
 * promql/functions.go).
 *
 * <p>StrictMath gives every machine the same bits. The stale marker as a result means that the sample is dropped.
 */
public final class Elementwise {
    private Elementwise() {}

    /** Whether this class computes the function (with or without scalar arguments). */
    public static boolean supports(Function function) {
        return switch (function) {
            case ABS, CEIL, FLOOR, EXP, LN, LOG2, LOG10, SQRT, SGN -> true;
            case ACOS, ACOSH, ASIN, ASINH, ATAN, ATANH, COS, COSH, SIN, SINH, TAN, TANH, DEG, RAD -> true;
            case ROUND, CLAMP, CLAMP_MIN, CLAMP_MAX -> true;
            case MINUTE, HOUR, DAY_OF_WEEK, DAY_OF_MONTH, DAY_OF_YEAR, DAYS_IN_MONTH, MONTH, YEAR -> true;
            case PI,
                    TIME,
                    SCALAR,
                    VECTOR,
                    TIMESTAMP,
                    AVG_OVER_TIME,
                    MIN_OVER_TIME,
                    MAX_OVER_TIME,
                    SUM_OVER_TIME,
                    COUNT_OVER_TIME,
                    STDDEV_OVER_TIME,
                    STDVAR_OVER_TIME,
                    LAST_OVER_TIME,
                    FIRST_OVER_TIME,
                    PRESENT_OVER_TIME,
                    ABSENT_OVER_TIME,
                    QUANTILE_OVER_TIME,
                    COUNT_DISTINCT_OVER_TIME,
                    TOP_K_OVER_TIME,
                    CHANGES,
                    RESETS,
                    DERIV,
                    DELTA,
                    IDELTA,
                    RATE,
                    IRATE,
                    INCREASE,
                    PREDICT_LINEAR,
                    LABEL_REPLACE,
                    LABEL_JOIN,
                    ABSENT,
                    SORT,
                    SORT_DESC,
                    HISTOGRAM_QUANTILE,
                    HISTOGRAM_FRACTION,
                    HISTOGRAM_COUNT,
                    HISTOGRAM_SUM,
                    HISTOGRAM_AVG,
                    HISTOGRAM_STDDEV,
                    HISTOGRAM_STDVAR,
                    START,
                    END,
                    STEP,
                    RANGE,
                    MIN_OF,
                    MAX_OF,
                    INFO,
                    DOUBLE_EXPONENTIAL_SMOOTHING,
                    MAD_OVER_TIME,
                    TS_OF_FIRST_OVER_TIME,
                    TS_OF_LAST_OVER_TIME,
                    TS_OF_MIN_OVER_TIME,
                    TS_OF_MAX_OVER_TIME,
                    SORT_BY_LABEL,
                    SORT_BY_LABEL_DESC,
                    HISTOGRAM_QUANTILES,
                    START_TIMESTAMP -> false;
        };
    }

    /**
     * A function of one number; {@code round} rounds to integers.
     *
     * @throws IllegalArgumentException if the function needs more arguments or is none of this class
     */
    public static double apply(Function function, double value) {
        if (function == Function.ROUND) {
            return round(value, 1);
        }
        return switch (function) {
            case ABS -> Math.abs(value);
            case CEIL -> Math.ceil(value);
            case FLOOR -> Math.floor(value);
            case EXP -> StrictMath.exp(value);
            case LN -> StrictMath.log(value);
            case LOG2 -> GoMath.log2(value);
            case LOG10 -> GoMath.log10(value);
            case SQRT -> Math.sqrt(value);
            case SGN -> value < 0 ? -1 : value > 0 ? 1 : value;
            case DEG -> value * 180 / Math.PI;
            case RAD -> value * Math.PI / 180;
            default -> trigonometry(function, value);
        };
    }

    private static double trigonometry(Function function, double value) {
        return switch (function) {
            case ACOS -> StrictMath.acos(value);
            case ACOSH -> GoMath.acosh(value);
            case ASIN -> StrictMath.asin(value);
            case ASINH -> GoMath.asinh(value);
            case ATAN -> StrictMath.atan(value);
            case ATANH -> GoMath.atanh(value);
            case COS -> StrictMath.cos(value);
            case COSH -> StrictMath.cosh(value);
            case SIN -> StrictMath.sin(value);
            case SINH -> StrictMath.sinh(value);
            case TAN -> StrictMath.tan(value);
            case TANH -> StrictMath.tanh(value);
            default -> date(function, value);
        };
    }

    private static double date(Function function, double unixSeconds) {
        return switch (function) {
            case MINUTE -> CalendarUtc.minute(unixSeconds);
            case HOUR -> CalendarUtc.hour(unixSeconds);
            case DAY_OF_WEEK -> CalendarUtc.dayOfWeek(unixSeconds);
            case DAY_OF_MONTH -> CalendarUtc.dayOfMonth(unixSeconds);
            case DAY_OF_YEAR -> CalendarUtc.dayOfYear(unixSeconds);
            case DAYS_IN_MONTH -> CalendarUtc.daysInMonth(unixSeconds);
            case MONTH -> CalendarUtc.month(unixSeconds);
            case YEAR -> CalendarUtc.year(unixSeconds);
            default -> throw new IllegalArgumentException("not a function of one number: " + function.text());
        };
    }

    /**
     * A function of a number and a scalar argument: round to a multiple, clamp_min or clamp_max.
     *
     * @throws IllegalArgumentException for any other function
     */
    public static double apply(Function function, double value, double argument) {
        return switch (function) {
            case ROUND -> round(value, argument);
            case CLAMP_MIN -> GoMath.max(argument, value);
            case CLAMP_MAX -> GoMath.min(argument, value);
            default ->
                throw new IllegalArgumentException("not a function of a number and a scalar: " + function.text());
        };
    }

    /**
     * A function of a number and two scalar arguments: clamp; the stale marker if the bounds are in the wrong order.
     *
     * @throws IllegalArgumentException for any other function
     */
    public static double apply(Function function, double value, double first, double second) {
        if (function != Function.CLAMP) {
            throw new IllegalArgumentException("not a function of a number and two scalars: " + function.text());
        }
        return second < first ? StaleMarker.VALUE : GoMath.max(first, GoMath.min(second, value));
    }

    /** Rounds half up to a multiple; dividing by the inverse is what Prometheus does and what gives its bits. */
    public static double round(double value, double toNearest) {
        double inverse = 1.0 / toNearest;
        return Math.floor(value * inverse + 0.5) / inverse;
    }
}
