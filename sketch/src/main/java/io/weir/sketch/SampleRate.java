package io.weir.sketch;

/**
 * The share of samples a producer let into a sketch, above 0 and at most 1.
 *
 * <p>A sketch keeps what was sampled; counts are scaled when they are asked for (report A3, {@code sample_p}). Quantiles are
 * not: sampling does not move them. A distinct count is scaled as its producers define it, which is right only where most
 * items occur once; the answer has to say that it was sampled.
 */
public record SampleRate(double probability) {
    public static final SampleRate ALL = new SampleRate(1);

    public SampleRate {
        if (!(probability > 0 && probability <= 1)) {
            throw new IllegalArgumentException("a sample rate lies above 0 and up to 1, not at " + probability);
        }
    }

    public boolean isSampled() {
        return probability < 1;
    }

    /** What a count of the sampled items says about all of them. */
    public double scaleCount(double sampledCount) {
        return sampledCount / probability;
    }
}
