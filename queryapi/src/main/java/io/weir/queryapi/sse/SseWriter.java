package io.weir.queryapi.sse;

import io.weir.queryapi.encoding.JsonBytes;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Writes server-sent events to a response. Events gather in a buffer; {@link #tick}, called often by the thread that computes them, sends
 * them after a short while, and a comment when there was nothing for long. Writing blocks while the client does not read, which slows the
 * query down to its reader. Not thread-safe.
 */
final class SseWriter {
    private static final long FLUSH_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final HttpServletResponse response;
    private final int bufferBytes;
    private final long pingIntervalNanos;
    private @Nullable OutputStream out;
    private @Nullable JsonBytes buffer;
    private long lastFlushNanos;
    private long flushedBytes;

    SseWriter(HttpServletResponse response, int bufferBytes, long pingIntervalMillis) {
        this.response = response;
        this.bufferBytes = bufferBytes;
        this.pingIntervalNanos = TimeUnit.MILLISECONDS.toNanos(pingIntervalMillis);
        this.lastFlushNanos = System.nanoTime();
    }

    /** Whether headers were sent, so that the status cannot change any more. */
    boolean isOpen() {
        return buffer != null;
    }

    /** Sets the status of a stream that was not opened yet. */
    void status(int status) {
        response.setStatus(status);
    }

    private JsonBytes buffer() throws IOException {
        JsonBytes opened = buffer;
        if (opened == null) {
            response.setContentType("text/event-stream");
            response.setHeader("Cache-Control", "no-cache");
            response.setHeader("X-Accel-Buffering", "no");
            out = response.getOutputStream();
            opened = JsonBytes.to(out, bufferBytes);
            buffer = opened;
        }
        return opened;
    }

    /** Starts an event and returns where to write its JSON. */
    JsonBytes begin() throws IOException {
        return buffer().ascii("data: ");
    }

    /** Ends an event. The first one is sent at once. */
    void end() throws IOException {
        buffer().ascii("\n\n");
        if (flushedBytes == 0) {
            flush();
        }
    }

    /** Sends what waits for long enough, or a comment if nothing was sent for long. */
    void tick() throws IOException {
        long quiet = System.nanoTime() - lastFlushNanos;
        JsonBytes opened = buffer;
        if (opened != null && opened.buffered() > 0) {
            if (quiet >= FLUSH_INTERVAL_NANOS) {
                flush();
            }
        } else if (quiet >= pingIntervalNanos) {
            buffer().ascii(": ping\n\n");
            flush();
        }
    }

    void flush() throws IOException {
        JsonBytes opened = buffer;
        OutputStream stream = out;
        if (opened != null && stream != null) {
            opened.flush();
            stream.flush();
            flushedBytes = opened.written();
            lastFlushNanos = System.nanoTime();
        }
    }
}
