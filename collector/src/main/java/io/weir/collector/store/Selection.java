package io.weir.collector.store;

import io.weir.promql.labels.Labels;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchCapacityException;
import java.util.List;

/**
 * The closed intervals of a window that a fetch selected. Immutable; sketches are made of it when they are asked for, one at a time.
 *
 * @param coveredFromMillis the window is complete from here (exclusive)
 * @param coveredToMillis to here; not before coveredFromMillis
 */
public record Selection(List<Series> series, long coveredFromMillis, long coveredToMillis) {
    public Selection {
        series = List.copyOf(series);
    }

    /** One series with intervals in the window. */
    public static final class Series {
        private final Labels attributes;
        private final List<ClosedInterval> intervals;
        private final SketchParameters parameters;

        Series(Labels attributes, List<ClosedInterval> intervals, SketchParameters parameters) {
            this.attributes = attributes;
            this.intervals = intervals;
            this.parameters = parameters;
        }

        /** Labels without the metric's name. */
        public Labels attributes() {
            return attributes;
        }

        /**
         * The sketch of the window.
         *
         * @throws SketchCapacityException when the values of the window are too far apart for one sketch
         */
        public Sketch sketch(SketchParameters.Kind kind) {
            Sketch merged = parameters.empty(kind);
            intervals.forEach(interval -> interval.addTo(merged));
            return merged;
        }
    }
}
