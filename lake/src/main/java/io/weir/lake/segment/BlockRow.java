package io.weir.lake.segment;

/**
 * One encoded block as it lies in a segment: its place and the encoded samples. A view that a {@link BlockReader} refills for each row;
 * consumers must not keep it.
 */
public interface BlockRow {
    /** Ordinal of the series in the segment's {@link SeriesIndex}. */
    int series();

    /** Time of the first sample, ms. */
    long firstTimeMillis();

    /** Time of the last sample, ms. */
    long lastTimeMillis();

    int sampleCount();

    /**
     * Appends the block's samples, in order, to the buffer.
     *
     * @throws CorruptSegmentException if the block does not decode
     */
    void decode(io.weir.promql.series.SampleBuffer into);
}
