package io.weir.ingest.openmetrics;

import java.io.IOException;

/** The text is not in the format it should be in; the message names the line and what is wrong there. */
public final class TextFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    private final long line;

    public TextFormatException(long line, String problem) {
        super("line " + line + ": " + problem);
        this.line = line;
    }

    /** The line, from 1. */
    public long line() {
        return line;
    }
}
