package io.weir.ingest.load;

import java.io.IOException;

/** The server refused samples for good: sending them again cannot help. */
public final class RefusedWriteException extends IOException {
    private static final long serialVersionUID = 1L;

    public RefusedWriteException(String message) {
        super(message);
    }
}
