package io.weir.proto.stream;

import java.util.ArrayDeque;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that owns a state machine: runs what is posted, one after the other, and a tick when a timer is due. It
 * waits without polling. The first defect ends it.
 */
public final class Mailbox implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Mailbox.class);

    /** The state machine's timers. */
    public interface Timers {
        /** Time of {@link Mailbox#nowMillis} at which tick is due; MAX_VALUE for never. */
        long nextTimerMillis();

        void tick();
    }

    private final ArrayBlockingQueue<Runnable> queue;
    /** What the thread posts to itself while it runs a message; a few at most, run next. */
    private final ArrayDeque<Runnable> own = new ArrayDeque<>();

    private final Timers timers;
    private final Consumer<Throwable> onDefect;
    private final Thread thread;
    private final LongSupplier nanoTime;
    private final long originNanos;
    private volatile boolean closed;

    /** @param capacity messages that may wait */
    public Mailbox(String name, int capacity, LongSupplier nanoTime, Timers timers, Consumer<Throwable> onDefect) {
        this.queue = new ArrayBlockingQueue<>(capacity);
        this.timers = timers;
        this.onDefect = onDefect;
        this.nanoTime = nanoTime;
        this.originNanos = nanoTime.getAsLong();
        this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::loop);
    }

    public void start() {
        thread.start();
    }

    /** Monotonic milliseconds since this mailbox was made. */
    public long nowMillis() {
        return millisOf(nanoTime.getAsLong());
    }

    /** A moment of {@link System#nanoTime} on this mailbox's clock. */
    public long millisOf(long nanos) {
        return Math.floorDiv(nanos - originNanos, 1_000_000L);
    }

    /** Posts a message; false if the mailbox is full or closed. */
    public boolean offer(Runnable message) {
        return !closed && queue.offer(message);
    }

    /**
     * Posts a message that must not be lost and whose number is bounded by its source; waits for room if need be.
     * Returns false only if the mailbox is closed.
     */
    public boolean post(Runnable message) {
        if (isOwnThread()) {
            own.add(message);
            return !closed;
        }
        try {
            while (!closed) {
                if (queue.offer(message, 100, TimeUnit.MILLISECONDS)) {
                    return true;
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return !closed && queue.offer(message);
        }
        return false;
    }

    public boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    public int waiting() {
        return queue.size();
    }

    private void loop() {
        try {
            while (!closed) {
                Runnable message = await();
                if (message != null) {
                    message.run();
                } else if (!closed) {
                    timers.tick();
                }
            }
        } catch (InterruptedException interrupted) {
            LOG.debug("{} interrupted", thread.getName());
        } catch (RuntimeException | Error defect) {
            closed = true;
            LOG.error("{} failed and stops: this is a defect", thread.getName(), defect);
            onDefect.accept(defect);
        }
    }

    /** The next message, or null when a timer is due before one comes. */
    private @Nullable Runnable await() throws InterruptedException {
        Runnable waiting = own.isEmpty() ? queue.poll() : own.poll();
        if (waiting != null) {
            return waiting;
        }
        long due = timers.nextTimerMillis();
        if (due == Long.MAX_VALUE) {
            return queue.take();
        }
        long waitMillis = due - nowMillis();
        return waitMillis <= 0 ? null : queue.poll(waitMillis, TimeUnit.MILLISECONDS);
    }

    /** Stops after the message that runs now. Does not wait when called by the mailbox itself. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        if (!isOwnThread()) {
            try {
                thread.join(2_000);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
