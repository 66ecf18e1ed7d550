package io.weir.promql.kernel;

/** Asked now and then by long computations whether they are still wanted; throws to end them. */
@FunctionalInterface
public interface Checkpoint {
    /** Lets everything go on. */
    Checkpoint NONE = () -> {};

    /** Samples looked at between two checks: some ms of work. */
    int SAMPLES_MAX = 1 << 20;

    void check();
}
