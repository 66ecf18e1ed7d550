package io.weir.eventstats.signal.http;

import io.javalin.http.Context;
import io.weir.eventstats.signal.SignalSettings;
import io.weir.eventstats.signal.Snapshot;
import io.weir.eventstats.signal.stream.SignalMetrics;
import io.weir.eventstats.signal.stream.SignalState;
import io.weir.eventstats.signal.stream.SignalSubscription;
import io.weir.eventstats.signal.stream.WatchKey;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One stream of server-sent events, on the thread of its request: the current signal first, then each that differs from the last one sent, until the job or
 * run has ended, the process stops or the stream is too old.
 */
final class SignalStream {
    /** How it went. */
    enum End {
        /** It was answered to its end. */
        ENDED,
        /** What it asks for did not appear in time; nothing was sent. */
        UNKNOWN,
        /** The process stops; nothing was sent. */
        STOPPING
    }

    private static final byte[] PING = ": ping\n\n".getBytes(StandardCharsets.US_ASCII);

    private final SignalSettings settings;
    private final SignalSubscription subscription;
    private final Context context;
    private final SignalMetrics metrics;
    private final long startNanos = System.nanoTime();
    private @Nullable OutputStream out;
    private @Nullable String lastTag;
    private long lastWriteNanos = startNanos;

    SignalStream(SignalSettings settings, SignalSubscription subscription, Context context, SignalMetrics metrics) {
        this.settings = settings;
        this.subscription = subscription;
        this.context = context;
        this.metrics = metrics;
        this.lastTag = context.header("Last-Event-ID");
    }

    /** Runs the stream. */
    End run() throws IOException {
        try {
            SignalState state = awaitKnown();
            if (state == null) {
                return subscription.isStopped() ? End.STOPPING : End.UNKNOWN;
            }
            if (isOver(state)
                    && state.snapshot() != null
                    && EntityTags.of(state.snapshot()).equals(lastTag)) {
                // The client has seen the end. By this status a browser's EventSource does not come again.
                context.header("Cache-Control", "no-store").status(204);
                return End.ENDED;
            }
            open();
            follow(state);
            return End.ENDED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the stream's thread was interrupted");
        }
    }

    /** The first state in which the tenant has the job or run; null if there is none in time. */
    private @Nullable SignalState awaitKnown() throws InterruptedException {
        boolean hasRead = false;
        while (true) {
            // The first read is bounded by the database's limits.
            long left = settings.streamWaitMillisMax() - millisSince(startNanos);
            if (hasRead && left <= 0) {
                return null;
            }
            SignalState state = subscription.take(hasRead ? left : Long.MAX_VALUE / 1_000_000);
            if (state == null || state.isKnown()) {
                return state;
            }
            hasRead = true;
        }
    }

    private void follow(SignalState first) throws IOException, InterruptedException {
        SignalState state = first;
        long stateNanos = System.nanoTime();
        send(state);
        while (!isJobOver(state) && !subscription.isStopped()) {
            long left = settings.streamMillisMax() - millisSince(startNanos);
            if (isOver(state)) {
                left = Math.min(left, settings.streamRunLingerMillis() - millisSince(stateNanos));
            }
            if (left <= 0) {
                return;
            }
            long untilPing = settings.streamPingIntervalMillis() - millisSince(lastWriteNanos);
            SignalState next = subscription.take(Math.max(0, Math.min(left, untilPing)));
            if (next != null) {
                // A row that the retention has removed says nothing more; the client keeps what it has.
                if (next.isKnown()) {
                    state = next;
                    stateNanos = System.nanoTime();
                    send(state);
                }
            } else if (millisSince(lastWriteNanos) >= settings.streamPingIntervalMillis()) {
                write(PING);
            }
        }
    }

    private static boolean isOver(SignalState state) {
        return state.isKnown() && !state.isOpen();
    }

    /** A job that has ended never goes on, while a run may. */
    private boolean isJobOver(SignalState state) {
        return isOver(state) && subscription.key().scope() == WatchKey.Scope.JOB;
    }

    private static long millisSince(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }

    private void open() throws IOException {
        HttpServletResponse response = context.res();
        response.setContentType("text/event-stream");
        response.setHeader("Cache-Control", "no-cache");
        response.setHeader("X-Accel-Buffering", "no");
        out = response.getOutputStream();
        // The client learns that it is connected even if there is no signal yet.
        out.flush();
    }

    private void send(SignalState state) throws IOException {
        Snapshot snapshot = state.snapshot();
        if (snapshot == null) {
            return;
        }
        String tag = EntityTags.of(snapshot);
        if (tag.equals(lastTag)) {
            return;
        }
        ByteArrayOutputStream event = new ByteArrayOutputStream();
        event.writeBytes(("event: first_signal\nid: " + tag + "\ndata: ").getBytes(StandardCharsets.US_ASCII));
        event.writeBytes(SignalJson.event(subscription.key(), snapshot, tag));
        event.writeBytes("\n\n".getBytes(StandardCharsets.US_ASCII));
        write(event.toByteArray());
        lastTag = tag;
        metrics.event();
    }

    private void write(byte[] bytes) throws IOException {
        OutputStream opened = out;
        if (opened == null) {
            throw new IllegalStateException("the stream is not open");
        }
        opened.write(bytes);
        opened.flush();
        lastWriteNanos = System.nanoTime();
    }
}
