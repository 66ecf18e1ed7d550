package io.weir.ingest.load;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A write the receiver refused, or that still failed after the last attempt. */
public final class RemoteWriteException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int statusCode;
    private final int attempts;

    RemoteWriteException(String message, int statusCode, int attempts, @Nullable Throwable cause) {
        super(message, cause);
        this.statusCode = statusCode;
        this.attempts = attempts;
    }

    /** HTTP status of the last answer, or 0 if there was none. */
    public int statusCode() {
        return statusCode;
    }

    /** How often the request was sent. */
    public int attempts() {
        return attempts;
    }
}
