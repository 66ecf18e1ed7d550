package io.weir.promql.leaf;

/**
 * Bounds on the evaluation of one leaf on one set of series.
 *
 * @param samplesMax samples read, of all series together
 * @param resultCellsMax values held, series (or groups) times steps; also bounds the points of a subquery on one series
 */
public record LeafLimits(long samplesMax, long resultCellsMax) {
    public LeafLimits {
        if (samplesMax < 1 || resultCellsMax < 1) {
            throw new IllegalArgumentException("limits of a leaf must be positive");
        }
    }
}
