package io.weir.queryworker.disk;

import java.io.IOException;

/** The disk budget has no room, even after everything that may be evicted. The message says what fills it. */
public final class DiskFullException extends IOException {
    private static final long serialVersionUID = 1L;

    public DiskFullException(String message) {
        super(message);
    }
}
