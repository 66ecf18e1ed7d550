package io.weir.eventstats.testkit;

import io.weir.queryapi.workmanager.WorkLoad;
import io.weir.queryapi.workmanager.WorkManager;
import java.util.List;
import java.util.Optional;

/** An API without workers, for tests of what needs none. */
public final class NoWorkers implements WorkManager {
    @Override
    public QueryWork submit(Submission submission, Listener listener) {
        throw new UnsupportedOperationException("these tests run no queries");
    }

    @Override
    public WorkLoad load() {
        return new WorkLoad(0, 0, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public boolean isFailed() {
        return false;
    }

    @Override
    public boolean mayHaveNoWorkers() {
        return true;
    }

    @Override
    public List<WorkerView> workers() {
        return List.of();
    }

    @Override
    public Optional<String> placement(String affinityKey) {
        return Optional.empty();
    }
}
