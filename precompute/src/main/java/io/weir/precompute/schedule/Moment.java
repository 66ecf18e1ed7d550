package io.weir.precompute.schedule;

/**
 * A time by two clocks.
 *
 * @param wallMillis which tells which ticks are due; it may jump
 * @param elapsedNanos of a clock that never jumps, which tells how long something takes
 */
record Moment(long wallMillis, long elapsedNanos) {}
