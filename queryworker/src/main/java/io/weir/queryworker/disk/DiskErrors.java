package io.weir.queryworker.disk;

import java.util.Locale;

/** Tells a full disk from other I/O errors. */
public final class DiskErrors {
    /** Causes may form a circle; nobody nests them deeper than this. */
    private static final int DEPTH_MAX = 16;

    private DiskErrors() {}

    /** Whether the budget, the file system or a quota refused the bytes. */
    public static boolean isFull(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < DEPTH_MAX; depth++) {
            // Java has no type for ENOSPC and EDQUOT: the system's text is all there is, also inside of clients' own
            // exceptions.
            String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
            if (cause instanceof DiskFullException
                    || message.contains("no space left on device")
                    || message.contains("disk quota exceeded")) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }
}
