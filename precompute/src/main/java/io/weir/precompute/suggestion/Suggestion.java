package io.weir.precompute.suggestion;

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
        String storePath) {}
