package io.weir.sketch.delta;

/** What became of a {@link DeltaFrame} (report A3, delta contract). */
public sealed interface DeltaDisposition {
    /** The checkpoint replaced what was there. */
    record AppliedFull() implements DeltaDisposition {}

    /** The changes joined without a gap. */
    record AppliedDelta() implements DeltaDisposition {}

    /** Everything in it was known. */
    record Duplicate() implements DeltaDisposition {}

    /** It does not fit; nothing changed. */
    record Rejected(String reason) implements DeltaDisposition {}

    /** Something before it is missing; nothing after {@code knownThroughMillis} is served until a checkpoint comes. */
    record AwaitingCheckpoint(long knownThroughMillis) implements DeltaDisposition {}
}
