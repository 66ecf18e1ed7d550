package io.weir.sketch.codec;

/** Bytes that are no sketch we read, or a sketch a format cannot hold. Checked: who pulls sketches counts these and goes on. */
public final class SketchFormatException extends Exception {
    /** Why bytes were refused. */
    public enum Reason {
        /** The bytes end early. */
        TRUNCATED,
        /** A version above the ones we know. */
        UNKNOWN_VERSION,
        /** A sketch of another kind than was asked for. */
        WRONG_KIND,
        /** Larger than the limits allow. */
        TOO_LARGE,
        /** Not what the format says. */
        MALFORMED,
        /** Well-formed, but a sketch, parameter or value we do not support, or that the format cannot carry. */
        UNSUPPORTED,
        /** The bytes fit two meanings, and nothing says which. */
        AMBIGUOUS
    }

    private final Reason reason;

    public SketchFormatException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
