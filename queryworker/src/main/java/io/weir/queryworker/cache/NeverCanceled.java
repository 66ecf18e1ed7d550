package io.weir.queryworker.cache;

import io.weir.queryworker.workmanager.WorkExecutor.Cancellation;

/** The cancellation of what the cache does for everybody: none, but a time limit for each wait. */
record NeverCanceled(long remainingMillis) implements Cancellation {
    @Override
    public boolean isCanceled() {
        return false;
    }

    @Override
    public AutoCloseable onCancel(Runnable action) {
        return () -> {};
    }
}
