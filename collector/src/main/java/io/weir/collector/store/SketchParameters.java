package io.weir.collector.store;

import io.weir.sketch.FrequencyParameters;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.Sketch;

/**
 * The sketches a collector makes: as everywhere in Weir, so that they merge with those of other sources.
 *
 * @param relativeAccuracy of DDSketch, above 0 and below 1
 * @param precision of HyperLogLog, in bits
 * @param candidatesMax items that Count-Min remembers as possible heavy hitters
 */
public record SketchParameters(double relativeAccuracy, int precision, int candidatesMax) {
    public static final SketchParameters DEFAULT = new SketchParameters(0.01, 14, 1_024);

    public SketchParameters {
        if (!(relativeAccuracy > 0 && relativeAccuracy < 1)) {
            throw new IllegalArgumentException("relativeAccuracy lies above 0 and below 1, not at " + relativeAccuracy);
        }
        if (precision < HyperLogLog.PRECISION_MIN || precision > HyperLogLog.PRECISION_MAX) {
            throw new IllegalArgumentException("precision lies from " + HyperLogLog.PRECISION_MIN + " to "
                    + HyperLogLog.PRECISION_MAX + ", not at " + precision);
        }
        // Says itself what is wrong with the number.
        FrequencyParameters.of(SampleSketches.ROWS, SampleSketches.COLUMNS, candidatesMax);
    }

    /** The questions that a sketch of a collector can answer. */
    public enum Kind {
        QUANTILES,
        DISTINCT,
        FREQUENCIES
    }

    /** A sketch that recorded nothing. */
    Sketch empty(Kind kind) {
        return switch (kind) {
            case QUANTILES -> SampleSketches.quantiles(relativeAccuracy);
            case DISTINCT -> SampleSketches.distinct(precision);
            case FREQUENCIES -> SampleSketches.frequencies(candidatesMax);
        };
    }
}
