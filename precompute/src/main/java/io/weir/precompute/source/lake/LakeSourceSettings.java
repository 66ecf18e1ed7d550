package io.weir.precompute.source.lake;

/**
 * Bounds of what ticks make of Weir's own segments.
 *
 * @param windowBytesMax heap bytes of the sketches of one window, or of the granules read for it; a job with more fails
 * @param keptBytesMax heap bytes of the granules of all jobs kept between ticks; those not used for longest go first. 0 keeps none
 * @param granulesMax granules of one window; a window of more is read anew at each tick
 */
public record LakeSourceSettings(long windowBytesMax, long keptBytesMax, int granulesMax) {
    /** 1,000 series of latencies in 5 granules take about 20 MiB. */
    public static final LakeSourceSettings DEFAULT = new LakeSourceSettings(256L << 20, 128L << 20, 360);

    public LakeSourceSettings {
        if (windowBytesMax < 1) {
            throw new IllegalArgumentException("precompute-lake-window-bytes-max must be positive: " + windowBytesMax);
        }
        if (keptBytesMax < 0) {
            throw new IllegalArgumentException("precompute-lake-kept-bytes-max must not be negative: " + keptBytesMax);
        }
        if (granulesMax < 1 || granulesMax > 100_000) {
            throw new IllegalArgumentException("precompute-lake-granules-max must be 1 to 100000, not " + granulesMax);
        }
    }
}
