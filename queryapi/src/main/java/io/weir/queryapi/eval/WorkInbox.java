package io.weir.queryapi.eval;

import io.weir.promql.error.QueryException;
import io.weir.queryapi.monitor.RunningQuery;
import io.weir.queryapi.workmanager.WorkManager;
import io.weir.queryapi.workmanager.WorkManager.FetchedArtifact;
import io.weir.queryapi.workmanager.WorkUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The meeting point of the work manager, which delivers artifacts and failures, and the query's thread, which waits for the groups of its
 * leaves. Owns the artifacts' files until they are handed out; deletes the rest when closed. Thread-safe.
 */
final class WorkInbox implements WorkManager.Listener, AutoCloseable {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Integer, OrderedCoordinator> leaves = new HashMap<>();
    private final long samplesMax;
    private final RunningQuery running;
    private final int unitsTotal;
    private int unitsDone;
    private long samplesRead;
    private @Nullable QueryException failure;
    private boolean closed;

    /** @param groupsByLeaf the units of each leaf's groups */
    WorkInbox(Map<Integer, List<List<WorkUnit>>> groupsByLeaf, long samplesMax, RunningQuery running) {
        groupsByLeaf.forEach((leaf, groups) -> leaves.put(leaf, new OrderedCoordinator(groups)));
        this.samplesMax = samplesMax;
        this.running = running;
        unitsTotal = groupsByLeaf.values().stream()
                .mapToInt(groups -> groups.stream().mapToInt(List::size).sum())
                .sum();
        running.units(0, unitsTotal, 0);
    }

    @Override
    public void committed(WorkUnit unit, FetchedArtifact artifact) {
        lock.lock();
        try {
            OrderedCoordinator leaf = leaves.get(unit.leafId());
            if (closed || leaf == null || !leaf.add(unit, artifact)) {
                artifact.delete();
                return;
            }
            unitsDone++;
            samplesRead += artifact.statistics().getSamplesRead();
            running.units(unitsDone, unitsTotal, samplesRead);
            if (samplesRead > samplesMax && failure == null) {
                failure = new QueryException.LimitExceeded("the query read " + samplesRead
                        + " samples, more than the limit of " + samplesMax
                        + " (setting query-samples-max); narrow the selector or shorten the time range");
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void failed(QueryException cause) {
        lock.lock();
        try {
            if (failure == null) {
                failure = cause;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for the next group of a leaf and hands its artifacts over, in the order of its units.
     *
     * @throws QueryException if the work failed, the deadline passed or the query was canceled
     */
    List<FetchedArtifact> take(int leafId, QueryControl control) {
        while (true) {
            lock.lock();
            try {
                if (failure != null) {
                    throw failure;
                }
                OrderedCoordinator leaf = leaves.get(leafId);
                if (leaf == null) {
                    throw new IllegalStateException("no leaf " + leafId);
                }
                List<FetchedArtifact> artifacts = leaf.poll();
                if (artifacts != null) {
                    return artifacts;
                }
                long ignored = changed.awaitNanos(control.waitNanosMax());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new QueryException.Canceled("interrupted while waiting for workers");
            } finally {
                lock.unlock();
            }
            control.check();
        }
    }

    /** Samples read by the work committed so far. */
    long samplesRead() {
        lock.lock();
        try {
            return samplesRead;
        } finally {
            lock.unlock();
        }
    }

    /** Deletes what was not handed out, and whatever still comes. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            leaves.values().forEach(leaf -> leaf.drain().forEach(FetchedArtifact::delete));
        } finally {
            lock.unlock();
        }
    }
}
