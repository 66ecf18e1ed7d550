package io.weir.precompute.suggestion;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.promql.parser.Literals;

/**
 * A job that would pay off. Times are ms.
 *
 * @param group whose queries it would answer
 * @param ticks it would have run in the window, from the first run on
 * @param tickMillis cost of one of them, estimated
 * @param isIncremental whether a tick reads only what came since the last one
 * @param savedMillis what the runs cost less what the ticks would have cost
 * @param sketchType for the request
 * @param storePath for the request
 */
record Suggestion(
        QueryGroup group,
        String canonical,
        long granularityMillis,
        long ticks,
        double tickMillis,
        boolean isIncremental,
        double savedMillis,
        String sketchType,
        String storePath) {
    String granularity() {
        return Literals.durationText(granularityMillis);
    }

    /** The request for the job, as it can be sent. */
    ObjectNode request() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("query", group.text())
                .put("granularity", granularity())
                .put("source", "lake://")
                .put("sketch_type", sketchType)
                .put("store_path", storePath);
    }
}
