package io.weir.workcoord.sim;

/** A broken invariant. */
final class Violation extends AssertionError {
    private static final long serialVersionUID = 1L;

    final Invariant invariant;

    Violation(Invariant invariant, String message) {
        super(invariant + " (" + invariant.meaning + "): " + message);
        this.invariant = invariant;
    }
}
