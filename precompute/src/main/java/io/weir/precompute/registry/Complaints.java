package io.weir.precompute.registry;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Keeps the log from saying the same with every look: each subject once an hour, and so many of them in an hour. Thread-safe. */
final class Complaints {
    static final int SUBJECTS_MAX = 1_000;
    static final long INTERVAL_NANOS = TimeUnit.HOURS.toNanos(1);

    private final Set<String> named = new HashSet<>();
    private long sinceNanos;

    /**
     * Whether to speak of it now.
     *
     * @param nowNanos of {@link System#nanoTime}
     */
    synchronized boolean isDue(String subject, long nowNanos) {
        if (named.isEmpty() || nowNanos - sinceNanos >= INTERVAL_NANOS) {
            named.clear();
            sinceNanos = nowNanos;
        }
        return named.size() < SUBJECTS_MAX && named.add(subject);
    }
}
