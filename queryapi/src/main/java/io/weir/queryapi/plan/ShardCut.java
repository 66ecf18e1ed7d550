package io.weir.queryapi.plan;

import io.weir.lake.Shards;
import io.weir.lake.segment.SegmentMeta;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import java.util.List;

/**
 * Cuts the shards of a leaf's series into ranges. A function of the selector and the data alone, never of the workers: the same query on
 * the same data gives the same units, merged in the same order, and so the same bits on any number of workers.
 */
final class ShardCut {
    /*
     * Implementation notes. The catalog does not know how many series a selector matches, so its equality matchers stand for it: a
     * metric's name keeps about an eighth of a segment, each further equality or regular expression about a quarter. A wrong estimate
     * costs a few units too many or too few, never a wrong answer.
     */
    private static final double NAME_SHARE = 1 / 8.0;
    private static final double LABEL_SHARE = 1 / 4.0;
    private static final double SHARE_MIN = 1 / 2048.0;

    private ShardCut() {}

    /** How many samples in (start, end] the selector is expected to touch. */
    static long estimateSamples(
            List<SegmentMeta> segments, List<LabelMatcher> matchers, long startMillis, long endMillis) {
        double samples = 0;
        for (SegmentMeta segment : segments) {
            double length = Math.max(1.0, (double) segment.maxTimeMillis() - segment.minTimeMillis());
            double overlap = Math.min((double) endMillis, segment.maxTimeMillis())
                    - Math.max((double) startMillis, segment.minTimeMillis());
            samples += segment.sampleCount() * Math.min(1.0, Math.max(0.0, overlap / length));
        }
        return (long) (samples * share(matchers));
    }

    private static double share(List<LabelMatcher> matchers) {
        double share = 1;
        for (LabelMatcher matcher : matchers) {
            boolean selective =
                    switch (matcher.type()) {
                        case EQUAL, REGEX -> !matcher.matchesEmpty();
                        case NOT_EQUAL, NOT_REGEX -> false;
                    };
            if (selective) {
                share *= matcher.name().equals(Labels.METRIC_NAME) ? NAME_SHARE : LABEL_SHARE;
            }
        }
        return Math.max(share, SHARE_MIN);
    }

    /** Number of units: a power of two that divides the shards. */
    static int units(long samplesEstimated, long samplesPerUnitTarget) {
        int units = 1;
        while (units < Shards.COUNT && samplesEstimated / units > samplesPerUnitTarget) {
            units *= 2;
        }
        return units;
    }
}
