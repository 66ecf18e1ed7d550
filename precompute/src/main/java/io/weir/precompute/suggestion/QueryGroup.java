package io.weir.precompute.suggestion;

import java.util.OptionalDouble;

/**
 * The runs of one query by one kind of request, in a window of the history. Times are ms.
 *
 * @param text as it was last written
 * @param kind instant, range or stream
 * @param runs that succeeded
 * @param hits of them that were answered from precomputed results
 * @param repetitionMillis median time between the starts of two runs
 * @param computedMillis median duration of those that were computed; empty if none was
 * @param stepMillis the most frequent one; 0 for instant queries
 * @param rangeMillis median length of the range; 0 for instant queries
 * @param firstMillis start of the first run, wall clock
 */
record QueryGroup(
        String text,
        String kind,
        long runs,
        long hits,
        double repetitionMillis,
        OptionalDouble computedMillis,
        long stepMillis,
        double rangeMillis,
        long firstMillis) {}
