package io.weir.lake.segment;

/**
 * Limits and shapes of written segments.
 *
 * @param rowGroupBlocksMax blocks of a row group: few make lookups cheap, many make scans cheap (measured: about 2,048)
 * @param rowGroupBytesMax bytes after which a row group ends anyway: the bound on a writer's memory
 * @param seriesRowGroupRowsMax series of a row group of the series file
 * @param seriesCountMax most series of a segment
 * @param fingerprintValuesPerNameMax values of a label that the catalog can tell apart
 * @param fingerprintNamesMax label names that the catalog can tell apart
 */
public record SegmentSettings(
        int rowGroupBlocksMax,
        long rowGroupBytesMax,
        int seriesRowGroupRowsMax,
        int seriesCountMax,
        int fingerprintValuesPerNameMax,
        int fingerprintNamesMax) {
    public static final SegmentSettings DEFAULT = new SegmentSettings(2_048, 32L << 20, 16_384, 20_000_000, 1_024, 128);

    public SegmentSettings {
        if (rowGroupBlocksMax < 1
                || rowGroupBytesMax < 1
                || seriesRowGroupRowsMax < 1
                || seriesCountMax < 1
                || fingerprintValuesPerNameMax < 1
                || fingerprintNamesMax < 1) {
            throw new IllegalArgumentException("every limit of a segment must be positive");
        }
    }
}
