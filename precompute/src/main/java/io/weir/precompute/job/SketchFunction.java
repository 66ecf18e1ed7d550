package io.weir.precompute.job;

import io.weir.sketch.SketchKind;
import java.util.Set;

/** What a job asks a sketch. */
public sealed interface SketchFunction {
    /** PromQL name. */
    String functionName();

    /** Kinds of sketches that answer it; which one a job over samples builds is the first. */
    Set<SketchKind> kinds();

    /** @param rank 0 to 1 */
    record Quantile(double rank) implements SketchFunction {
        @Override
        public String functionName() {
            return "quantile_over_time";
        }

        @Override
        public Set<SketchKind> kinds() {
            return Set.of(SketchKind.DDSKETCH);
        }
    }

    /** How many different items. */
    record CountDistinct() implements SketchFunction {
        @Override
        public String functionName() {
            return "count_distinct_over_time";
        }

        @Override
        public Set<SketchKind> kinds() {
            return Set.of(SketchKind.HYPERLOGLOG);
        }
    }

    /** The heaviest items. @param count from 1 */
    record Top(int count) implements SketchFunction {
        @Override
        public String functionName() {
            return "top_k_over_time";
        }

        @Override
        public Set<SketchKind> kinds() {
            return Set.of(SketchKind.COUNT_MIN, SketchKind.COUNT_SKETCH);
        }
    }
}
