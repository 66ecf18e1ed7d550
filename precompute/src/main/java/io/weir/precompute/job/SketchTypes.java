package io.weir.precompute.job;

import io.weir.sketch.SketchKind;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** The field {@code sketch_type}: a hint, since the function says which sketch it needs. */
final class SketchTypes {
    private static final String FIELD = "sketch_type";
    /** The controller sends it whatever the function is. */
    private static final String ALWAYS_TOLERATED = "ddsketch";
    /** For queries that no sketch answers. */
    private static final String EXACT = "exact";

    private static final Map<String, SketchKind> KINDS = Map.of(
            "ddsketch", SketchKind.DDSKETCH,
            "hll", SketchKind.HYPERLOGLOG,
            "hyperloglog", SketchKind.HYPERLOGLOG,
            "countmin", SketchKind.COUNT_MIN,
            "count_min", SketchKind.COUNT_MIN,
            "cms", SketchKind.COUNT_MIN,
            "countsketch", SketchKind.COUNT_SKETCH,
            "count_sketch", SketchKind.COUNT_SKETCH);

    private SketchTypes() {}

    /** @param warnings gets what was not taken at its word */
    static void check(String sent, JobQuery query, List<String> warnings) {
        String type = sent.toLowerCase(Locale.ROOT);
        SketchKind kind = KINDS.get(type);
        if (kind == null && !type.equals(EXACT)) {
            throw JobFields.bad(FIELD, "is none of " + String.join(", ", new TreeSet<>(KINDS.keySet())) + ", " + EXACT);
        }
        switch (query) {
            case JobQuery.OfSketch sketch -> {
                SketchFunction function = sketch.function();
                if (kind == null || !function.kinds().contains(kind)) {
                    if (!type.equals(ALWAYS_TOLERATED)) {
                        throw JobFields.bad(
                                FIELD,
                                type + " does not answer " + function.functionName() + "; " + wanted(function)
                                        + " does");
                    }
                    warnings.add(function.functionName() + " is answered from " + wanted(function) + "; sketch_type "
                            + type + " is ignored");
                }
            }
            case JobQuery.OfExpression expression -> {
                if (!type.equals(EXACT)) {
                    warnings.add("the query is computed exactly at each tick; sketch_type " + type + " is ignored");
                }
            }
        }
    }

    private static String wanted(SketchFunction function) {
        return String.join(
                " or ",
                function.kinds().stream()
                        .map(kind -> kind.name().toLowerCase(Locale.ROOT))
                        .sorted()
                        .toList());
    }
}
