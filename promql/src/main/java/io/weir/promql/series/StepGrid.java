package io.weir.promql.series;

/**
 * The evaluation times of an expression: {@code start, start + step, ...} up to and including {@code end}, in ms.
 *
 * @param stepMillis 0 for the single step of an instant query, where start equals end
 */
public record StepGrid(long startMillis, long endMillis, long stepMillis) {
    public StepGrid {
        if (endMillis < startMillis) {
            throw new IllegalArgumentException("grid ends at " + endMillis + " before it starts at " + startMillis);
        }
        if (stepMillis < 0 || (stepMillis == 0 && startMillis != endMillis)) {
            throw new IllegalArgumentException("bad step " + stepMillis);
        }
        if (stepMillis > 0 && (endMillis - startMillis) / stepMillis >= Integer.MAX_VALUE) {
            throw new IllegalArgumentException("too many steps");
        }
    }

    public static StepGrid instant(long timeMillis) {
        return new StepGrid(timeMillis, timeMillis, 0);
    }

    public boolean isInstant() {
        return stepMillis == 0;
    }

    /** Number of steps, at least 1. */
    public int count() {
        return stepMillis == 0 ? 1 : (int) ((endMillis - startMillis) / stepMillis) + 1;
    }

    public long at(int step) {
        return startMillis + step * stepMillis;
    }
}
