package io.weir.queryworker.exec;

/**
 * Bounds of one execution; what the API sends with the work can only be tighter.
 *
 * @param samplesMax samples one piece of work may read
 * @param seriesMax series one piece of work may touch
 * @param resultCellsMax values one piece of work may hold: series or groups times steps
 * @param artifactBytesMax bytes of one artifact
 * @param encodedBatchBytesMax bytes of encoded blocks held while the series of several segments are stitched
 * @param blockReader {@link #MAPPED} or {@link #DUCKDB}
 * @param blockHeaderBytesMax heap bytes of block headers kept in memory by the mapped reader; a segment with more is read by DuckDB
 * @param seriesHistogramBytesMax bytes, as they were sent, of the native histograms of one series held while it is evaluated
 * @param sketchBytesMax encoded bytes of the sketches of one piece of work, which are held until all of them are there
 */
public record ExecutorSettings(
        long samplesMax,
        long seriesMax,
        long resultCellsMax,
        long artifactBytesMax,
        long encodedBatchBytesMax,
        String blockReader,
        long blockHeaderBytesMax,
        long seriesHistogramBytesMax,
        long sketchBytesMax) {
    /** Blocks are read from mapped files, their headers kept in memory. */
    public static final String MAPPED = "mapped";

    /** Blocks are read by DuckDB. */
    public static final String DUCKDB = "duckdb";

    private static final long BLOCK_HEADER_BYTES = 256L << 20;
    private static final long SERIES_HISTOGRAM_BYTES = 64L << 20;
    private static final long SKETCH_BYTES = 256L << 20;

    /** 2 billion samples, 2 million series, 64 million values (512 MiB), 2 GiB of artifact, 32 MiB of blocks. */
    public static final ExecutorSettings DEFAULT =
            new ExecutorSettings(2_000_000_000L, 2_000_000L, 64_000_000L, 2L << 30, 32L << 20);

    /** With the mapped reader and its usual limit of 256 MiB, 64 MiB of histograms per series and 256 MiB of sketches. */
    public ExecutorSettings(
            long samplesMax, long seriesMax, long resultCellsMax, long artifactBytesMax, long encodedBatchBytesMax) {
        this(
                samplesMax,
                seriesMax,
                resultCellsMax,
                artifactBytesMax,
                encodedBatchBytesMax,
                MAPPED,
                BLOCK_HEADER_BYTES,
                SERIES_HISTOGRAM_BYTES,
                SKETCH_BYTES);
    }

    /** These settings with another reader of blocks. */
    public ExecutorSettings withBlockReader(String reader) {
        return new ExecutorSettings(
                samplesMax,
                seriesMax,
                resultCellsMax,
                artifactBytesMax,
                encodedBatchBytesMax,
                reader,
                blockHeaderBytesMax,
                seriesHistogramBytesMax,
                sketchBytesMax);
    }

    /** These settings with another limit of histograms per series. */
    public ExecutorSettings withSeriesHistogramBytesMax(long bytesMax) {
        return new ExecutorSettings(
                samplesMax,
                seriesMax,
                resultCellsMax,
                artifactBytesMax,
                encodedBatchBytesMax,
                blockReader,
                blockHeaderBytesMax,
                bytesMax,
                sketchBytesMax);
    }

    /** These settings with another limit of sketches. */
    public ExecutorSettings withSketchBytesMax(long bytesMax) {
        return new ExecutorSettings(
                samplesMax,
                seriesMax,
                resultCellsMax,
                artifactBytesMax,
                encodedBatchBytesMax,
                blockReader,
                blockHeaderBytesMax,
                seriesHistogramBytesMax,
                bytesMax);
    }

    public ExecutorSettings {
        if (!blockReader.equals(MAPPED) && !blockReader.equals(DUCKDB)) {
            throw new IllegalArgumentException(
                    "the block reader is \"" + MAPPED + "\" or \"" + DUCKDB + "\", got \"" + blockReader + "\"");
        }
        if (blockHeaderBytesMax < 0) {
            throw new IllegalArgumentException("blockHeaderBytesMax must be at least 0: " + blockHeaderBytesMax);
        }
        if (samplesMax <= 0
                || seriesMax <= 0
                || resultCellsMax <= 0
                || artifactBytesMax <= 0
                || encodedBatchBytesMax <= 0
                || seriesHistogramBytesMax <= 0
                || sketchBytesMax <= 0
                || encodedBatchBytesMax > 1L << 30) {
            throw new IllegalArgumentException(
                    "executor settings must be positive and encodedBatchBytesMax at most 1 GiB: " + samplesMax + ", "
                            + seriesMax + ", " + resultCellsMax + ", " + artifactBytesMax + ", "
                            + encodedBatchBytesMax + ", " + seriesHistogramBytesMax + ", " + sketchBytesMax);
        }
    }
}
