package io.weir.queryworker.exec;

/**
 * Bounds of one execution; what the API sends with the work can only be tighter.
 *
 * @param samplesMax samples one piece of work may read
 * @param seriesMax series one piece of work may touch
 * @param resultCellsMax values one piece of work may hold: series or groups times steps
 * @param artifactBytesMax bytes of one artifact
 * @param encodedBatchBytesMax bytes of encoded blocks held while the series of several segments are stitched
 */
public record ExecutorSettings(
        long samplesMax, long seriesMax, long resultCellsMax, long artifactBytesMax, long encodedBatchBytesMax) {
    /** 2 billion samples, 2 million series, 64 million values (512 MiB), 2 GiB of artifact, 32 MiB of blocks. */
    public static final ExecutorSettings DEFAULT =
            new ExecutorSettings(2_000_000_000L, 2_000_000L, 64_000_000L, 2L << 30, 32L << 20);

    public ExecutorSettings {
        if (samplesMax <= 0
                || seriesMax <= 0
                || resultCellsMax <= 0
                || artifactBytesMax <= 0
                || encodedBatchBytesMax <= 0
                || encodedBatchBytesMax > 1L << 30) {
            throw new IllegalArgumentException(
                    "executor settings must be positive and encodedBatchBytesMax at most 1 GiB: " + samplesMax + ", "
                            + seriesMax + ", " + resultCellsMax + ", " + artifactBytesMax + ", "
                            + encodedBatchBytesMax);
        }
    }
}
