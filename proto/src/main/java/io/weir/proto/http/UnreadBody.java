package io.weir.proto.http;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;

/**
 * What a request's body still holds when its answer is ready. A server that answers first and closes the connection because of the rest takes
 * its answer away from a client that still sends, and breaks the next request of a client that believes the connection can be used again.
 */
public final class UnreadBody {
    /** A client that sends more is told to open another connection. */
    static final int SKIPPED_BYTES_MAX = 4 << 20;

    /** A client that sends more slowly is told so, too; a single read waits as long as a connection may be idle. */
    private static final long SKIPPING_NANOS_MAX = 10_000_000_000L;

    private static final int BUFFER_BYTES = 16 << 10;

    private UnreadBody() {}

    /** Reads the rest, as far as the limits; beyond it the answer says that the connection ends. To be called before anything of the answer is sent. */
    public static void finish(Context context) {
        if (context.res().isCommitted() || drained(context)) {
            return;
        }
        context.header("Connection", "close");
    }

    private static boolean drained(Context context) {
        byte[] buffer = new byte[0];
        long started = System.nanoTime();
        try {
            InputStream body = context.req().getInputStream();
            for (int skipped = 0; skipped <= SKIPPED_BYTES_MAX && System.nanoTime() - started <= SKIPPING_NANOS_MAX; ) {
                // Most requests have nothing left: no buffer for them.
                if (buffer.length == 0) {
                    if (body.read() < 0) {
                        return true;
                    }
                    buffer = new byte[BUFFER_BYTES];
                }
                int read = body.read(buffer);
                if (read < 0) {
                    return true;
                }
                skipped += read;
            }
            return false;
        } catch (IOException _) {
            // The client is gone.
            return false;
        }
    }
}
