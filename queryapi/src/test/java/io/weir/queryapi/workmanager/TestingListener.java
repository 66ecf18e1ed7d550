package io.weir.queryapi.workmanager;

import io.weir.promql.error.QueryException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Collects what a query's work brings. */
final class TestingListener implements WorkManager.Listener {
    final Map<String, String> contents = new ConcurrentHashMap<>();
    final Map<String, WorkManager.FetchedArtifact> artifacts = new ConcurrentHashMap<>();
    final List<String> twice = new CopyOnWriteArrayList<>();
    final List<QueryException> failures = new CopyOnWriteArrayList<>();
    private final CountDownLatch done;
    private final CountDownLatch failed = new CountDownLatch(1);

    TestingListener(int units) {
        done = new CountDownLatch(units);
    }

    @Override
    public void committed(WorkUnit unit, WorkManager.FetchedArtifact artifact) {
        if (contents.put(unit.workId(), TestingWorker.textOf(artifact.file())) != null) {
            twice.add(unit.workId());
        }
        artifacts.put(unit.workId(), artifact);
        artifact.delete();
        done.countDown();
    }

    @Override
    public void failed(QueryException cause) {
        failures.add(cause);
        failed.countDown();
    }

    void awaitCommitted() throws InterruptedException {
        if (!done.await(20, TimeUnit.SECONDS)) {
            throw new AssertionError("missing " + done.getCount() + " units; failures " + failures);
        }
    }

    QueryException awaitFailure() throws InterruptedException {
        if (!failed.await(20, TimeUnit.SECONDS)) {
            throw new AssertionError("the query did not fail; committed " + contents.keySet());
        }
        return failures.getFirst();
    }
}
