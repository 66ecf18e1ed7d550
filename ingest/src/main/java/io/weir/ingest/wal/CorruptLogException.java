package io.weir.ingest.wal;

import java.io.IOException;

/** The log holds something else than what was written and synced. The message names file and offset. */
public final class CorruptLogException extends IOException {
    private static final long serialVersionUID = 1L;

    public CorruptLogException(String message) {
        super(message);
    }

    public CorruptLogException(String message, Throwable cause) {
        super(message, cause);
    }
}
