package io.weir.promql.kernel;

import io.weir.promql.series.StepGrid;

/**
 * The left-open windows {@code (end - range, end]} a range function looks at, one per evaluation step.
 *
 * @param evaluation the steps the results belong to
 * @param firstEndMillis end of the first window: the first step, shifted by the offset or replaced by {@code @}
 * @param endStepMillis distance between the ends of neighbouring windows; 0 if all steps look at one window
 */
public record Windows(StepGrid evaluation, long firstEndMillis, long endStepMillis, long rangeMillis) {
    /** Windows that move with the evaluation time. */
    public static Windows moving(StepGrid evaluation, long offsetMillis, long rangeMillis) {
        return new Windows(evaluation, evaluation.startMillis() - offsetMillis, evaluation.stepMillis(), rangeMillis);
    }

    /** One window for all steps, because of an {@code @} modifier. */
    public static Windows pinned(StepGrid evaluation, long endMillis, long rangeMillis) {
        return new Windows(evaluation, endMillis, 0, rangeMillis);
    }

    public int count() {
        return evaluation.count();
    }

    public long end(int step) {
        return firstEndMillis + step * endStepMillis;
    }

    public long lastEnd() {
        return end(count() - 1);
    }

    /** The same windows for the first step only. */
    public Windows first() {
        return new Windows(StepGrid.instant(evaluation.startMillis()), firstEndMillis, 0, rangeMillis);
    }

    /** Whether every step looks at the same window. */
    public boolean isFixed() {
        return endStepMillis == 0;
    }

    /** The range in seconds, rounded as Go's Duration.Seconds rounds it. */
    public double rangeSeconds() {
        return rangeMillis / 1000 + (rangeMillis % 1000 * 1_000_000) / 1e9;
    }
}
