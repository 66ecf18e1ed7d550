package io.weir.precompute.job;

/**
 * Parameters of the sketches that a job builds of samples; of those that a source delivers, their own count.
 *
 * @param relativeAccuracy alpha of DDSketch
 * @param precision of HyperLogLog, in bits
 * @param candidatesMax items a frequency sketch remembers
 */
public record SketchOptions(double relativeAccuracy, int precision, int candidatesMax) {
    public static final SketchOptions DEFAULT = new SketchOptions(0.01, 14, 1_024);
}
