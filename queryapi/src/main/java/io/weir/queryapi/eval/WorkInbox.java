package io.weir.queryapi.eval;

import io.weir.promql.error.QueryException;
import io.weir.queryapi.monitor.RunningQuery;
import io.weir.queryapi.workmanager.WorkManager;
import io.weir.queryapi.workmanager.WorkManager.FetchedArtifact;
import io.weir.queryapi.workmanager.WorkUnit;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
    private final QueryControl control;
    private final Runnable withdrawal;
    private final int unitsTotal;
    private int unitsDone;
    private final Set<String> workers = new HashSet<>();
    private long samplesRead;
    private @Nullable QueryException failure;
    private boolean closed;

    /** @param groupsByLeaf the units of each leaf's groups */
    WorkInbox(
            Map<Integer, List<List<WorkUnit>>> groupsByLeaf,
            long samplesMax,
            RunningQuery running,
            QueryControl control) {
        this.control = control;
        groupsByLeaf.forEach((leaf, groups) -> leaves.put(leaf, new OrderedCoordinator(groups)));
        this.samplesMax = samplesMax;
        this.running = running;
        unitsTotal = groupsByLeaf.values().stream()
                .mapToInt(groups -> groups.stream().mapToInt(List::size).sum())
                .sum();
        running.units(0, unitsTotal, 0, 0);
        withdrawal = control.onStop(this::wake);
    }

    private void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void committed(WorkUnit unit, FetchedArtifact artifact) {
        boolean tooMany;
        lock.lock();
        try {
            OrderedCoordinator leaf = leaves.get(unit.leafId());
            samplesRead += artifact.statistics().getSamplesRead();
            tooMany = samplesRead > samplesMax;
            if (closed || tooMany || leaf == null || !leaf.add(unit, artifact)) {
                artifact.delete();
            } else {
                unitsDone++;
                workers.add(artifact.workerId());
            }
            running.units(unitsDone, unitsTotal, samplesRead, workers.size());
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (tooMany) {
            // Not under the lock: it takes effect at once, and wakes whoever waits here.
            control.stop(new QueryException.LimitExceeded("the query read " + running.samplesRead()
                    + " samples, more than the limit of " + samplesMax
                    + " (setting query-samples-max); narrow the selector or shorten the time range"));
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
    List<FetchedArtifact> take(int leafId) {
        while (true) {
            control.check();
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
                if (control.stopped() == null) {
                    long ignored = changed.awaitNanos(control.waitNanosMax());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new QueryException.Canceled("interrupted while waiting for workers");
            } finally {
                lock.unlock();
            }
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
        withdrawal.run();
        lock.lock();
        try {
            closed = true;
            leaves.values().forEach(leaf -> leaf.drain().forEach(FetchedArtifact::delete));
        } finally {
            lock.unlock();
        }
    }
}
