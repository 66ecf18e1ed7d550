package io.weir.queryworker.exec;

import io.weir.lake.segment.SeriesIndex;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.proto.leaf.v1.Segment;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The series of one segment that a piece of work reads: their ordinals in the segment, ascending. */
final class SelectedSeries {
    /** From this share of wanted series on, a run is scanned whole and the others are skipped undecoded. */
    private static final double DENSE = 0.8;

    private final Segment segment;
    private final SeriesIndex index;
    private final int[] ordinals;

    private SelectedSeries(Segment segment, SeriesIndex index, int[] ordinals) {
        this.segment = segment;
        this.index = index;
        this.ordinals = ordinals;
    }

    /** The series that match and have a sample in [startMillis, endMillis], as far as the index knows. */
    static SelectedSeries select(
            Segment segment,
            SeriesIndex index,
            List<LabelMatcher> matchers,
            int shardFrom,
            int shardTo,
            long startMillis,
            long endMillis) {
        BitSet set = index.select(matchers, shardFrom, shardTo);
        int[] ordinals = new int[set.cardinality()];
        int size = 0;
        for (int ordinal = set.nextSetBit(0); ordinal >= 0; ordinal = set.nextSetBit(ordinal + 1)) {
            if (index.minTimeMillis(ordinal) <= endMillis && index.maxTimeMillis(ordinal) >= startMillis) {
                ordinals[size++] = ordinal;
            }
        }
        return new SelectedSeries(segment, index, size == ordinals.length ? ordinals : Arrays.copyOf(ordinals, size));
    }

    Segment segment() {
        return segment;
    }

    int size() {
        return ordinals.length;
    }

    int ordinal(int position) {
        return ordinals[position];
    }

    Labels labels(int position) {
        return index.labels(ordinals[position]);
    }

    int shard(int position) {
        return index.shard(ordinals[position]);
    }

    /** Encoded bytes per series, roughly. */
    long averageBytes() {
        return segment.getBlocksSizeBytes() / Math.max(1, index.size()) + 1;
    }

    /** Which series of the run a scan has to be told, or null when most of the run is wanted. */
    @Nullable
    BitSet sparse(int from, int to) {
        int run = ordinals[to - 1] - ordinals[from] + 1;
        if (to - from >= DENSE * run) {
            return null;
        }
        BitSet set = new BitSet(ordinals[to - 1] + 1);
        for (int position = from; position < to; position++) {
            set.set(ordinals[position]);
        }
        return set;
    }
}
