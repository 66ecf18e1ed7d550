package io.weir.promql.kernel;

import io.weir.promql.ast.Function;
import java.util.Optional;

/** Finds the kernel of a range function. */
public final class RangeKernels {
    private RangeKernels() {}

    /** A fresh kernel, or nothing if the function is none over a range or depends on more than one series. */
    public static Optional<RangeKernel> of(Function function) {
        return switch (function) {
            case RATE -> Optional.of(ExtrapolatedKernel.rate());
            case INCREASE -> Optional.of(ExtrapolatedKernel.increase());
            case DELTA -> Optional.of(ExtrapolatedKernel.delta());
            case IRATE -> Optional.of(new PointFunctions.LastTwo(true));
            case IDELTA -> Optional.of(new PointFunctions.LastTwo(false));
            case CHANGES -> Optional.of(new PointFunctions.Transitions(false));
            case RESETS -> Optional.of(new PointFunctions.Transitions(true));
            case DERIV -> Optional.of(new RegressionFunctions.Line(false));
            case PREDICT_LINEAR -> Optional.of(new RegressionFunctions.Line(true));
            case DOUBLE_EXPONENTIAL_SMOOTHING -> Optional.of(new RegressionFunctions.Smoothing());
            case AVG_OVER_TIME -> Optional.of(new SumFunctions.Average());
            case SUM_OVER_TIME -> Optional.of(new SumFunctions.Sum());
            case STDDEV_OVER_TIME -> Optional.of(new SumFunctions.Variance(true));
            case STDVAR_OVER_TIME -> Optional.of(new SumFunctions.Variance(false));
            case MIN_OVER_TIME -> Optional.of(new PointFunctions.Extreme(false, false));
            case MAX_OVER_TIME -> Optional.of(new PointFunctions.Extreme(true, false));
            case TS_OF_MIN_OVER_TIME -> Optional.of(new PointFunctions.Extreme(false, true));
            case TS_OF_MAX_OVER_TIME -> Optional.of(new PointFunctions.Extreme(true, true));
            case COUNT_OVER_TIME -> Optional.of(new PointFunctions.Count());
            case PRESENT_OVER_TIME -> Optional.of(new PointFunctions.Present());
            case FIRST_OVER_TIME -> Optional.of(new PointFunctions.Edge(false, false));
            case LAST_OVER_TIME -> Optional.of(new PointFunctions.Edge(true, false));
            case TS_OF_FIRST_OVER_TIME -> Optional.of(new PointFunctions.Edge(false, true));
            case TS_OF_LAST_OVER_TIME -> Optional.of(new PointFunctions.Edge(true, true));
            case QUANTILE_OVER_TIME -> Optional.of(new QuantileFunctions.Quantile());
            case COUNT_DISTINCT_OVER_TIME -> Optional.of(new CountDistinct());
            case TOP_K_OVER_TIME -> Optional.of(new TopValues());
            case MAD_OVER_TIME -> Optional.of(new QuantileFunctions.MedianAbsoluteDeviation());
            default -> Optional.empty();
        };
    }
}
