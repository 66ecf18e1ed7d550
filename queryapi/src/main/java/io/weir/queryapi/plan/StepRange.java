package io.weir.queryapi.plan;

/** Consecutive steps of a grid: from the first to before the last. */
public record StepRange(int from, int to) {
    public StepRange {
        if (from < 0 || to <= from) {
            throw new IllegalArgumentException("bad step range " + from + " to " + to);
        }
    }

    public int count() {
        return to - from;
    }
}
