package io.weir.lake.segment;

/** Checks that the blocks a reader meets ascend by (series, time) without overlap. */
public final class BlockOrder {
    private final String segment;
    private int series = -1;
    private long lastTime;

    public BlockOrder(String segment) {
        this.segment = segment;
    }

    /** The next block in the file, or the next that passed a filter. */
    public void check(int nextSeries, long t0, long t1) {
        if (nextSeries < series || (nextSeries == series && t0 <= lastTime) || t1 < t0 || nextSeries < 0) {
            throw new CorruptSegmentException("blocks of segment " + segment + " are out of order: series " + nextSeries
                    + " from " + t0 + " to " + t1 + " follows series " + series + " to " + lastTime);
        }
        series = nextSeries;
        lastTime = t1;
    }
}
