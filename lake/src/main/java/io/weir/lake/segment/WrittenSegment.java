package io.weir.lake.segment;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The files of a finished segment and what the catalog must know about it.
 *
 * @param blocksChecksum lower-case hexadecimal SHA-256
 * @param seriesChecksum lower-case hexadecimal SHA-256
 * @param fingerprints of the series' labels, see {@link io.weir.lake.LabelFingerprints}; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // many thousands of primitives; equality is defined below
public record WrittenSegment(
        SegmentFiles files,
        long blocksSizeBytes,
        long seriesSizeBytes,
        String blocksChecksum,
        String seriesChecksum,
        long minTimeMillis,
        long maxTimeMillis,
        long seriesCount,
        long sampleCount,
        long blockCount,
        long[] fingerprints) {
    /** The segment's row in the catalog, with the object keys of {@link SegmentIds}. */
    public SegmentMeta toMeta(String tenant, String id, int level) {
        return new SegmentMeta(
                tenant,
                id,
                SegmentIds.blocksKey(tenant, id, minTimeMillis),
                SegmentIds.seriesKey(tenant, id, minTimeMillis),
                blocksSizeBytes,
                seriesSizeBytes,
                blocksChecksum,
                seriesChecksum,
                minTimeMillis,
                maxTimeMillis,
                seriesCount,
                sampleCount,
                level);
    }

    @Override
    public boolean equals(@Nullable Object object) {
        return object instanceof WrittenSegment other
                && files.equals(other.files)
                && blocksChecksum.equals(other.blocksChecksum)
                && seriesChecksum.equals(other.seriesChecksum)
                && Arrays.equals(fingerprints, other.fingerprints);
    }

    @Override
    public int hashCode() {
        return Objects.hash(files, blocksChecksum, seriesChecksum);
    }
}
