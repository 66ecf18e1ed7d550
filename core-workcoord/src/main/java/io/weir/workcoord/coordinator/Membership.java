package io.weir.workcoord.coordinator;

import io.weir.workcoord.Rendezvous;
import io.weir.workcoord.coordinator.CoordinatorEffect.CloseReason;
import io.weir.workcoord.coordinator.CoordinatorEffect.CloseSession;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The live workers: who they are, which session is theirs, who may get work. */
final class Membership {
    private final CoordinatorLimits limits;
    /** Sorted, so that every iteration has one order. */
    private final TreeMap<String, WorkerEntry> byId = new TreeMap<>();

    private final Map<Long, WorkerEntry> bySession = new LinkedHashMap<>();
    private long lastLostMillis;
    private boolean everLost;
    private long noneAvailableSinceMillis = Long.MIN_VALUE;

    Membership(CoordinatorLimits limits) {
        this.limits = limits;
    }

    @Nullable
    WorkerEntry ofSession(long session) {
        return bySession.get(session);
    }

    Collection<WorkerEntry> live() {
        return byId.values();
    }

    /**
     * Admits a new session, or refuses it with a CloseSession effect. The entry it supersedes must have been removed by
     * the caller; see {@link #supersededBy}. What was admitted already stays as it is.
     */
    void admit(CoordinatorEvent.SessionOpened opened, long nowMillis, Consumer<CoordinatorEffect> effects) {
        if (bySession.containsKey(opened.session())) {
            return;
        }
        WorkerEntry known = byId.get(opened.workerId());
        if (known != null) {
            effects.accept(
                    opened.session() < known.session
                            ? new CloseSession(
                                    opened.session(),
                                    CloseReason.OUTDATED,
                                    "a newer session of worker " + known.workerId + " is live")
                            : new CloseSession(
                                    opened.session(),
                                    CloseReason.DUPLICATE_IDENTITY,
                                    "worker id " + known.workerId + " is live at " + known.address + "; "
                                            + opened.address()
                                            + " answers with the same id: give every worker its own, or list each"
                                            + " address once"));
        } else if (byId.size() >= limits.workersMax()) {
            effects.accept(new CloseSession(
                    opened.session(),
                    CloseReason.TOO_MANY_WORKERS,
                    "the limit is " + limits.workersMax() + " workers"));
        } else {
            WorkerEntry worker = new WorkerEntry(opened, limits, nowMillis);
            byId.put(worker.workerId, worker);
            bySession.put(worker.session, worker);
        }
    }

    /** The live entry a new session replaces: same worker, same address, older session. */
    @Nullable
    WorkerEntry supersededBy(CoordinatorEvent.SessionOpened opened) {
        WorkerEntry known = byId.get(opened.workerId());
        boolean replaces = known != null && known.address.equals(opened.address()) && known.session < opened.session();
        return replaces ? known : null;
    }

    void remove(WorkerEntry worker, long nowMillis) {
        byId.remove(worker.workerId);
        bySession.remove(worker.session);
        lastLostMillis = nowMillis;
        everLost = true;
    }

    List<WorkerEntry> silent(long nowMillis) {
        List<WorkerEntry> silent = new ArrayList<>();
        for (WorkerEntry worker : byId.values()) {
            if (worker.heartbeat.isSilent(nowMillis)) {
                silent.add(worker);
            }
        }
        return silent;
    }

    /** Whether a query that comes now may find a worker: one is live, or was until a moment ago and may come back. */
    boolean maySubmit(long nowMillis) {
        return !byId.isEmpty() || (everLost && nowMillis - lastLostMillis < limits.noWorkersGraceMillis());
    }

    String noWorkersMessage() {
        return byId.isEmpty()
                ? "no query workers are connected; start workers or check the workers' addresses"
                : "none of the " + byId.size() + " connected query workers accepts work (draining, or out of disk)";
    }

    /** Keeps the moment since which no worker accepts work; to be called in every step. */
    void noteAvailability(long nowMillis) {
        boolean some = byId.values().stream().anyMatch(WorkerEntry::isAvailable);
        if (some) {
            noneAvailableSinceMillis = Long.MIN_VALUE;
        } else if (noneAvailableSinceMillis == Long.MIN_VALUE) {
            noneAvailableSinceMillis = nowMillis;
        }
    }

    /** When queued work of a query submitted at that time has waited long enough without any worker; MAX_VALUE with one. */
    long noWorkersDueMillis(long submittedMillis) {
        return noneAvailableSinceMillis == Long.MIN_VALUE
                ? Long.MAX_VALUE
                : Math.max(noneAvailableSinceMillis, submittedMillis) + limits.noWorkersWaitMillis();
    }

    /** Whether any worker has room for work of this priority. */
    boolean hasRoom(Priority priority) {
        return byId.values().stream().anyMatch(worker -> worker.hasRoom(priority));
    }

    /** The best ranked of the accepting workers, full or not. */
    @Nullable
    WorkerEntry best(long keyHash) {
        return best(keyHash, WorkerEntry::isAvailable);
    }

    /**
     * Where an item goes now: the best ranked accepting worker with room. Workers that have tried it count only when all
     * accepting ones have. Null: it waits.
     */
    @Nullable
    WorkerEntry place(WorkItem item) {
        Priority priority = item.query.priority;
        Predicate<WorkerEntry> eligible = hasUntried(item)
                ? worker -> worker.hasRoom(priority) && !item.tried.contains(worker.workerId)
                : worker -> worker.hasRoom(priority);
        return best(item.keyHash, eligible);
    }

    /** Where a second attempt goes now: the best ranked accepting worker with room that has not tried the item. */
    @Nullable
    WorkerEntry placeHedge(WorkItem item) {
        return best(
                item.keyHash,
                worker -> worker.hasRoom() && worker != item.primary.owner && !item.tried.contains(worker.workerId));
    }

    private @Nullable WorkerEntry best(long keyHash, Predicate<WorkerEntry> eligible) {
        WorkerEntry best = null;
        long bestScore = 0;
        for (WorkerEntry worker : byId.values()) {
            if (eligible.test(worker)) {
                long score = Rendezvous.score(keyHash, worker.idHash);
                if (best == null || Rendezvous.ranksBefore(score, worker.workerId, bestScore, best.workerId)) {
                    best = worker;
                    bestScore = score;
                }
            }
        }
        return best;
    }

    /** Whether an accepting worker exists that has not tried the item. */
    boolean hasUntried(WorkItem item) {
        for (WorkerEntry worker : byId.values()) {
            if (worker.isAvailable() && !item.tried.contains(worker.workerId)) {
                return true;
            }
        }
        return false;
    }
}
