package io.weir.cluster;

import java.time.Duration;
import java.util.function.Supplier;

/** Waits for a condition, for a bounded time: tests never sleep for a phase. */
final class Await {
    private static final long POLL_MILLIS = 10;

    private Await() {}

    /** A condition that may ask another process. */
    interface Condition {
        boolean holds() throws Exception;
    }

    static void until(String what, Duration limit, Condition condition) throws InterruptedException {
        until(what, limit, condition, () -> "");
    }

    /** @param details shown when the time is over */
    static void until(String what, Duration limit, Condition condition, Supplier<String> details)
            throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        Exception last = null;
        while (true) {
            try {
                if (condition.holds()) {
                    return;
                }
                last = null;
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                last = e;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within " + limit + ": " + what + "\n" + details.get(), last);
            }
            Thread.sleep(POLL_MILLIS);
        }
    }
}
