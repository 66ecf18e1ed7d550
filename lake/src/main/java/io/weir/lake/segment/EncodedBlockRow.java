package io.weir.lake.segment;

import io.weir.lake.codec.BlockDecoder;
import io.weir.lake.codec.EncodedBlock;
import io.weir.promql.series.SampleBuffer;

/** The row view every {@link BlockReader} hands out: an {@link EncodedBlock} that the reader refills, and its decoder. */
public final class EncodedBlockRow implements BlockRow {
    private final String segment;
    private final BlockDecoder decoder = new BlockDecoder();
    private EncodedBlock block = new EncodedBlock();

    /**
     * @param segment named in errors
     */
    public EncodedBlockRow(String segment) {
        this.segment = segment;
    }

    /** The block to refill. */
    public EncodedBlock block() {
        return block;
    }

    void use(EncodedBlock other) {
        block = other;
    }

    @Override
    public int series() {
        return block.series;
    }

    @Override
    public long firstTimeMillis() {
        return block.t0;
    }

    @Override
    public long lastTimeMillis() {
        return block.t1;
    }

    @Override
    public int sampleCount() {
        return block.n;
    }

    @Override
    public void decode(SampleBuffer into) {
        try {
            decoder.decode(block, into);
        } catch (CorruptSegmentException e) {
            throw new CorruptSegmentException("segment " + segment + ": " + e.getMessage(), e);
        }
    }
}
