package io.weir.queryworker.cache;

import io.weir.queryworker.workmanager.WorkExecutor.Cancellation;
import java.util.ArrayList;
import java.util.List;

/** A cancellation that a test pulls. */
public final class TestingCancellation implements Cancellation {
    private final List<Runnable> actions = new ArrayList<>();
    private boolean canceled;
    private volatile long remainingMillis = 60_000;

    public void setRemainingMillis(long millis) {
        remainingMillis = millis;
    }

    public void cancel() {
        List<Runnable> run;
        synchronized (this) {
            canceled = true;
            run = List.copyOf(actions);
        }
        run.forEach(Runnable::run);
    }

    /** Whether somebody wants to be told. */
    public synchronized boolean isWatched() {
        return !actions.isEmpty();
    }

    @Override
    public synchronized boolean isCanceled() {
        return canceled;
    }

    @Override
    public long remainingMillis() {
        return remainingMillis;
    }

    @Override
    public AutoCloseable onCancel(Runnable action) {
        boolean now;
        synchronized (this) {
            now = canceled;
            actions.add(action);
        }
        if (now) {
            action.run();
        }
        return () -> {
            synchronized (this) {
                actions.remove(action);
            }
        };
    }
}
