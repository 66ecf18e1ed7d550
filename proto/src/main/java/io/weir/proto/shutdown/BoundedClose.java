package io.weir.proto.shutdown;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Parts of a process that end in the reverse order of their start, each within a limit: one that fails or hangs is logged,
 * left behind, and the others still end. Thread-safe; ending twice is ending once.
 */
public final class BoundedClose {
    private static final Logger LOG = LoggerFactory.getLogger(BoundedClose.class);

    private record Part(AutoCloseable part, long extraMillis) {}

    private final Deque<Part> parts = new ArrayDeque<>();

    /** Takes over a part. */
    public <T extends AutoCloseable> T add(T part) {
        return add(part, 0);
    }

    /**
     * Takes over a part whose close does work that has a limit of its own, as the wait for running queries.
     *
     * @param extraMillis that limit
     */
    public <T extends AutoCloseable> T add(T part, long extraMillis) {
        synchronized (parts) {
            parts.push(new Part(part, extraMillis));
        }
        return part;
    }

    /**
     * Ends all parts.
     *
     * @return whether every one ended in time and without a failure
     */
    public boolean close(long partMillisMax) {
        boolean clean = true;
        while (true) {
            Part next;
            synchronized (parts) {
                next = parts.poll();
            }
            if (next == null) {
                return clean;
            }
            clean &= close(next.part(), partMillisMax + next.extraMillis());
        }
    }

    /**
     * Ends one part, on a thread of its own.
     *
     * @return whether it ended in time and without a failure
     */
    public static boolean close(AutoCloseable part, long millisMax) {
        String name = part.getClass().getSimpleName();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Thread closer = Thread.ofPlatform()
                .name("weir-close-" + name)
                .daemon(true)
                .start(() -> {
                    try {
                        part.close();
                    } catch (Exception | Error problem) {
                        failure.set(problem);
                    }
                });
        try {
            if (!closer.join(Duration.ofMillis(millisMax))) {
                StringBuilder where = new StringBuilder();
                for (StackTraceElement frame : closer.getStackTrace()) {
                    where.append("\n    at ").append(frame);
                }
                LOG.error("{} did not end within {} ms and is left behind; it hangs{}", name, millisMax, where);
                closer.interrupt();
                return false;
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            LOG.warn("interrupted while {} was ending; it is left behind", name);
            return false;
        }
        Throwable problem = failure.get();
        if (problem != null) {
            LOG.warn("{} did not end cleanly", name, problem);
        }
        return problem == null;
    }
}
