package io.weir.workcoord.sim;

/** A kind of fault. A world has each or not, at a rate drawn from its seed. */
enum Fault {
    // Of a message sent, per mille.
    STALL(Unit.MESSAGE, 30),
    BREAK(Unit.MESSAGE, 20),
    /** One side learns that the stream is broken, the other does not. */
    HALF_OPEN(Unit.MESSAGE, 15),
    /** One or both directions swallow everything and nobody is told. */
    BLACK_HOLE(Unit.MESSAGE, 10),
    /** A message about work comes twice. */
    DUPLICATE(Unit.MESSAGE, 100),
    // Of a broken stream or a dial, per mille.
    /** What was under way arrives after the break. */
    LATE(Unit.OCCASION, 700),
    /** A second stream is opened beside a live one. */
    SECOND_DIAL(Unit.OCCASION, 300),
    // Of an execution, per mille.
    FAIL(Unit.OCCASION, 150),
    FAIL_FINAL(Unit.OCCASION, 10),
    SLOW_EXECUTION(Unit.OCCASION, 100),
    IGNORE_CANCEL(Unit.OCCASION, 500),
    // Of an artifact, per mille.
    EVICTION(Unit.OCCASION, 60),
    CORRUPTION(Unit.OCCASION, 60),
    FETCH_FAILURE(Unit.OCCASION, 100),
    SLOW_FETCH(Unit.OCCASION, 200),
    // Of a query, per mille.
    CANCEL(Unit.OCCASION, 200),
    DEADLINE(Unit.OCCASION, 300),
    // Of a process start, per mille.
    SLOW_DISCOVERY(Unit.OCCASION, 500),
    ADDRESS_CHANGE(Unit.OCCASION, 500),
    // Of the world, mean milliseconds between two.
    WORKER_CRASH(Unit.MILLIS, 6_000),
    API_CRASH(Unit.MILLIS, 12_000),
    DRAIN(Unit.MILLIS, 8_000),
    WORKER_PAUSE(Unit.MILLIS, 8_000),
    API_PAUSE(Unit.MILLIS, 10_000),
    DISK_FULL(Unit.MILLIS, 6_000),
    PARTITION(Unit.MILLIS, 10_000),
    CLOCK_JUMP(Unit.MILLIS, 8_000);

    enum Unit {
        MESSAGE,
        OCCASION,
        MILLIS
    }

    final Unit unit;
    private final int typical;

    Fault(Unit unit, int typical) {
        this.unit = unit;
        this.typical = typical;
    }

    /** A rate of this fault for one world; 0 for a world without it. */
    int draw(Choices choices, int messagesShare) {
        return switch (unit) {
            case MESSAGE -> choices.half() ? 0 : Math.max(1, choices.upTo(typical) / messagesShare);
            case OCCASION -> choices.half() ? 0 : choices.upTo(typical);
            case MILLIS -> choices.below(3) > 0 ? 0 : typical / 4 + choices.below(typical * 2);
        };
    }
}
