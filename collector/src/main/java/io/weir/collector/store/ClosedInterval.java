package io.weir.collector.store;

import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchCapacityException;

/** What is kept of one closed interval of a series. Never changes, so it may be read by any thread. */
sealed interface ClosedInterval {
    /** Heap, estimated, in bytes; the entry in its map included. */
    long retainedBytes();

    /**
     * Records what the interval has in a sketch.
     *
     * @throws SketchCapacityException when the sketch would grow beyond its bound
     */
    void addTo(Sketch sketch);

    /** The values as they came: few. */
    record Values(double[] values) implements ClosedInterval {
        private static final int ENTRY_BYTES = 88;

        @Override
        public long retainedBytes() {
            return ENTRY_BYTES + (long) Double.BYTES * values.length;
        }

        @Override
        public void addTo(Sketch sketch) {
            for (double value : values) {
                SampleSketches.record(sketch, value);
            }
        }
    }

    /** Sketches of each kind: many values. */
    record Sketches(Sketch quantiles, Sketch distinct, Sketch frequencies) implements ClosedInterval {
        private static final int ENTRY_BYTES = 96;

        @Override
        public long retainedBytes() {
            return ENTRY_BYTES + quantiles.retainedBytes() + distinct.retainedBytes() + frequencies.retainedBytes();
        }

        @Override
        public void addTo(Sketch sketch) {
            switch (sketch) {
                case DdSketch merged -> merged.mergeFrom(quantiles);
                case HyperLogLog merged -> merged.mergeFrom(distinct);
                case FrequencySketch merged -> merged.mergeFrom(frequencies);
            }
        }
    }

    /** Summarizes the values of an interval. */
    static ClosedInterval of(double[] values, int exactValuesMax, SketchParameters parameters) {
        if (values.length <= exactValuesMax) {
            return new Values(values);
        }
        Sketches sketches = new Sketches(
                parameters.empty(SketchParameters.Kind.QUANTILES),
                parameters.empty(SketchParameters.Kind.DISTINCT),
                parameters.empty(SketchParameters.Kind.FREQUENCIES));
        try {
            for (double value : values) {
                SampleSketches.record(sketches.quantiles, value);
                SampleSketches.record(sketches.distinct, value);
                SampleSketches.record(sketches.frequencies, value);
            }
        } catch (SketchCapacityException e) {
            // Values too far apart for one sketch are no reason to lose them; whoever asks for their quantiles is told.
            return new Values(values);
        }
        return sketches;
    }
}
