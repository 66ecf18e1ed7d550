package io.weir.workcoord;

/**
 * What a trigger does to something in a state: one cell of a state machine's table.
 *
 * @param <S> the states
 */
public sealed interface Transition<S extends Enum<S>> {
    /** The state is entered. */
    record Moves<S extends Enum<S>>(S to) implements Transition<S> {}

    /** Nothing changes. */
    record Ignored<S extends Enum<S>>(Reason reason) implements Transition<S> {}

    /** Cannot happen unless this program is broken. */
    record Illegal<S extends Enum<S>>() implements Transition<S> {}

    /** Why a trigger is ignored. */
    enum Reason {
        /** It has been taken already. */
        DUPLICATE,
        /** What it is about is over. */
        LATE,
        /** It does not concern this state. */
        POINTLESS
    }

    static <S extends Enum<S>> Transition<S> moves(S to) {
        return new Moves<>(to);
    }

    static <S extends Enum<S>> Transition<S> duplicate() {
        return new Ignored<>(Reason.DUPLICATE);
    }

    static <S extends Enum<S>> Transition<S> late() {
        return new Ignored<>(Reason.LATE);
    }

    static <S extends Enum<S>> Transition<S> pointless() {
        return new Ignored<>(Reason.POINTLESS);
    }

    static <S extends Enum<S>> Transition<S> illegal() {
        return new Illegal<>();
    }
}
