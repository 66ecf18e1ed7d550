package io.weir.workcoord.sim;

/** Where everything comes from that a simulated world leaves open: a seed, or an enumeration of all possibilities. */
interface Choices {
    /** One of 0 .. bound - 1. */
    int below(int bound);

    /** Whether something happens that does so this often in a thousand times. */
    default boolean perMille(int rate) {
        return rate > 0 && below(1_000) < rate;
    }

    default boolean half() {
        return below(2) == 1;
    }

    /** One of 1 .. max. */
    default int upTo(int max) {
        return 1 + below(max);
    }
}
