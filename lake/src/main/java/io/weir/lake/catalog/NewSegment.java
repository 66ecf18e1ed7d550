package io.weir.lake.catalog;

import io.weir.lake.segment.SegmentMeta;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A segment to register, with the {@link io.weir.lake.LabelFingerprints} of its series; the array is not copied. */
@SuppressWarnings("ArrayRecordComponent") // many thousands of primitives; equality is defined below
public record NewSegment(SegmentMeta meta, long[] fingerprints) {
    @Override
    public boolean equals(@Nullable Object object) {
        return object instanceof NewSegment(SegmentMeta otherMeta, long[] otherFingerprints)
                && meta.equals(otherMeta)
                && Arrays.equals(fingerprints, otherFingerprints);
    }

    @Override
    public int hashCode() {
        return Objects.hash(meta, Arrays.hashCode(fingerprints));
    }

    @Override
    public String toString() {
        return "NewSegment[" + meta + ", " + fingerprints.length + " fingerprints]";
    }
}
