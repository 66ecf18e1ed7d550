package io.weir.promql.testlang;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A native histogram as written in a test: {@code {{schema:0 sum:5 count:4 buckets:[1 2 1]}}}. What is not written is 0, empty or
 * null.
 *
 * @param schema the resolution; -53 has the custom bounds {@code customValues}
 * @param offset index of the first positive bucket
 * @param negativeOffset index of the first negative bucket
 * @param counterResetHint unknown, reset, not_reset or gauge; null if not written
 */
public record HistogramLiteral(
        int schema,
        double sum,
        double count,
        double zeroBucket,
        double zeroBucketWidth,
        int offset,
        List<Double> buckets,
        int negativeOffset,
        List<Double> negativeBuckets,
        List<Double> customValues,
        @Nullable String counterResetHint) {
    public HistogramLiteral {
        buckets = List.copyOf(buckets);
        negativeBuckets = List.copyOf(negativeBuckets);
        customValues = List.copyOf(customValues);
    }
}
