package io.weir.lake.segment;

/** A segment, or a block in it, is not what its writer wrote. The message names the segment. */
public final class CorruptSegmentException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CorruptSegmentException(String message) {
        super(message);
    }

    public CorruptSegmentException(String message, Throwable cause) {
        super(message, cause);
    }
}
