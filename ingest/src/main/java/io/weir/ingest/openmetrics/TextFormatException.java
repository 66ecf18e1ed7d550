package io.weir.ingest.openmetrics;

import java.io.IOException;

/** A text is not in the format it should be in. The message begins with the line's number. */
public final class TextFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    private final long line;

    TextFormatException(long line, String message) {
        super("line " + line + ": " + message);
        this.line = line;
    }

    /** Number of the line, from 1. */
    public long line() {
        return line;
    }
}
