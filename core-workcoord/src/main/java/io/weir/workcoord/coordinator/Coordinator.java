package io.weir.workcoord.coordinator;

import io.weir.workcoord.Check;
import io.weir.workcoord.FailureKind;
import io.weir.workcoord.Rendezvous;
import io.weir.workcoord.StallDetector;
import io.weir.workcoord.coordinator.CoordinatorEffect.AbortFetch;
import io.weir.workcoord.coordinator.CoordinatorEffect.CloseReason;
import io.weir.workcoord.coordinator.CoordinatorEffect.CloseSession;
import io.weir.workcoord.coordinator.CoordinatorEffect.Commit;
import io.weir.workcoord.coordinator.CoordinatorEffect.Count;
import io.weir.workcoord.coordinator.CoordinatorEffect.Counter;
import io.weir.workcoord.coordinator.CoordinatorEffect.DiscardFetched;
import io.weir.workcoord.coordinator.CoordinatorEffect.QueryCompleted;
import io.weir.workcoord.coordinator.CoordinatorEffect.QueryFailed;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendAck;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendAssign;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendCancel;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendHeartbeat;
import io.weir.workcoord.coordinator.CoordinatorEffect.StartFetch;
import io.weir.workcoord.coordinator.CoordinatorEffect.SubmitAccepted;
import io.weir.workcoord.coordinator.CoordinatorEffect.SubmitRefused;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The API's end of work coordination: which workers live, which piece of work is where, what happens when something fails.
 * A function of events: {@link #handle} changes the state and returns what the shell has to do. It never reads a clock,
 * blocks, or does I/O, so the same events give the same effects. Not thread-safe: one owner.
 *
 * <p>Guarantees: at most one commit per piece of work, only of the current attempt of a live session; a terminal state is
 * never left; every piece of work of a running query has one owner or waits in the queue; the end of a session moves its
 * work in the same step; nothing of a query is remembered when it is over.
 */
public final class Coordinator {
    /*
     * Implementation notes. The order within a step matters. All silent workers are removed before any of their work is
     * placed, else work would move from one dead worker to the next. Placement comes last, so that an effect is never
     * addressed to a session that the same step closes.
     */
    private final CoordinatorLimits limits;
    private final Membership members;
    private final FairQueue queue = new FairQueue();
    private final Map<String, QueryEntry> queries = new LinkedHashMap<>();
    private final Map<String, WorkItem> works = new LinkedHashMap<>();
    private final StallDetector stalls;
    private List<CoordinatorEffect> effects = new ArrayList<>();

    public Coordinator(CoordinatorLimits limits) {
        this.limits = limits;
        this.members = new Membership(limits);
        this.stalls = new StallDetector(limits.heartbeat().intervalMillis() * 3 / 2);
    }

    /**
     * Takes one event at a time that never goes backwards and returns the effects, in the order they have to happen.
     *
     * @throws IllegalStateException if the shell breaks the contract or this class is broken
     */
    public List<CoordinatorEffect> handle(CoordinatorEvent event, long nowMillis) {
        effects = new ArrayList<>();
        long stalledMillis = stalls.step(nowMillis, !members.live().isEmpty());
        if (stalledMillis > 0) {
            members.live().forEach(worker -> worker.heartbeat.forgive(stalledMillis));
        }
        if (event instanceof CoordinatorEvent.OfSession message) {
            WorkerEntry worker = members.ofSession(message.session());
            if (worker != null) {
                worker.heartbeat.heard(nowMillis);
            }
        }
        expireSilent(nowMillis);
        apply(event, nowMillis);
        members.noteAvailability(nowMillis);
        failOverdue(nowMillis);
        placeQueued(nowMillis);
        sendHeartbeats(nowMillis);
        // Several sessions may end in one step; what was meant for the later ones goes.
        effects.removeIf(
                effect -> effect instanceof CoordinatorEffect.Send send && members.ofSession(send.session()) == null);
        return effects;
    }

    private void apply(CoordinatorEvent event, long nowMillis) {
        switch (event) {
            case CoordinatorEvent.Submit submit -> submit(submit, nowMillis);
            case CoordinatorEvent.CancelQuery cancel -> {
                QueryEntry query = queries.get(cancel.queryId());
                if (query != null) {
                    endQuery(query, cancel.reason());
                }
            }
            case CoordinatorEvent.Tick() -> {
                // What is due is done in every step.
            }
            case CoordinatorEvent.SessionOpened opened -> open(opened, nowMillis);
            case CoordinatorEvent.SessionClosed closed -> {
                WorkerEntry worker = members.ofSession(closed.session());
                if (worker != null) {
                    lose(List.of(worker), closed.reason(), nowMillis);
                }
            }
            case CoordinatorEvent.StatusReceived status -> status(status, nowMillis);
            case CoordinatorEvent.HeartbeatReceived heartbeat -> {
                if (!heartbeat.reply() && members.ofSession(heartbeat.session()) != null) {
                    effects.add(new SendHeartbeat(heartbeat.session(), heartbeat.sequence(), true));
                }
            }
            case CoordinatorEvent.Accepted accepted -> accepted(accepted);
            case CoordinatorEvent.Rejected rejected -> rejected(rejected, nowMillis);
            case CoordinatorEvent.Ready ready -> ready(ready);
            case CoordinatorEvent.Failed failed -> failed(failed, nowMillis);
            case CoordinatorEvent.Fetched fetched -> fetched(fetched);
            case CoordinatorEvent.FetchFailed failed -> fetchFailed(failed, nowMillis);
        }
    }

    // Queries.

    private void submit(CoordinatorEvent.Submit submit, long nowMillis) {
        Optional<SubmitRefused> refusal = refusal(submit, nowMillis);
        if (refusal.isPresent()) {
            effects.add(refusal.get());
            return;
        }
        effects.add(new SubmitAccepted(submit.queryId()));
        if (submit.units().isEmpty()) {
            effects.add(new QueryCompleted(submit.queryId()));
            return;
        }
        QueryEntry query =
                new QueryEntry(submit.queryId(), queue.tenant(submit.tenant()), submit.deadlineMillis(), nowMillis);
        for (CoordinatorEvent.Unit unit : submit.units()) {
            WorkItem item = new WorkItem(query, unit, nowMillis);
            query.works.add(item);
            works.put(item.workId, item);
        }
        queries.put(query.queryId, query);
        queue.add(query);
    }

    private Optional<SubmitRefused> refusal(CoordinatorEvent.Submit submit, long nowMillis) {
        String queryId = submit.queryId();
        if (queries.containsKey(queryId)) {
            return Optional.of(new SubmitRefused(
                    queryId, FailureKind.DUPLICATE_ID, "query " + queryId + " is running; use a fresh query id"));
        }
        Set<String> ids = new HashSet<>();
        for (CoordinatorEvent.Unit unit : submit.units()) {
            if (!ids.add(unit.workId()) || works.containsKey(unit.workId())) {
                return Optional.of(new SubmitRefused(
                        queryId, FailureKind.DUPLICATE_ID, "work id " + unit.workId() + " is in use; ids are unique"));
            }
        }
        if (submit.deadlineMillis() <= nowMillis) {
            return Optional.of(new SubmitRefused(
                    queryId, FailureKind.DEADLINE_EXCEEDED, "the query's deadline passed before its work started"));
        }
        if (!submit.units().isEmpty() && !members.maySubmit(nowMillis)) {
            return Optional.of(new SubmitRefused(queryId, FailureKind.NO_WORKERS, noWorkersMessage()));
        }
        if (queries.size() >= limits.queriesMax()) {
            return Optional.of(new SubmitRefused(
                    queryId,
                    FailureKind.QUEUE_FULL,
                    "the limit of " + limits.queriesMax() + " running queries is reached"));
        }
        if (works.size() + submit.units().size() > limits.worksMax()) {
            return Optional.of(new SubmitRefused(
                    queryId,
                    FailureKind.QUEUE_FULL,
                    "the queue of work is full: " + works.size() + " pieces wait or run, this query has "
                            + submit.units().size() + ", the limit is " + limits.worksMax()));
        }
        return Optional.empty();
    }

    private String noWorkersMessage() {
        int live = members.live().size();
        return live == 0
                ? "no query workers are connected; start workers or check the workers' addresses"
                : "none of the " + live + " connected query workers accepts work (draining, or out of disk)";
    }

    /** Cancels what is not finished, on the workers too, and forgets the query. */
    private void endQuery(QueryEntry query, String reason) {
        queue.remove(query);
        for (WorkItem item : query.works) {
            WorkState before = item.state();
            if (before == WorkState.READY) {
                effects.add(new AbortFetch(item.workId, item.attempt));
            }
            if (before.isOwned() && members.ofSession(item.requireOwner().session) != null) {
                effects.add(new SendCancel(item.requireOwner().session, item.workId, reason));
            }
            item.move(WorkTrigger.CANCEL);
            works.remove(item.workId);
        }
        Check.that(query.inFlight == 0, "a query that is over has nothing in flight");
        queries.remove(query.queryId);
    }

    private void failQuery(QueryEntry query, FailureKind kind, String message) {
        endQuery(query, message);
        effects.add(new QueryFailed(query.queryId, kind, message));
    }

    private void failOverdue(long nowMillis) {
        for (QueryEntry query : List.copyOf(queries.values())) {
            if (query.deadlineMillis <= nowMillis) {
                failQuery(
                        query,
                        FailureKind.DEADLINE_EXCEEDED,
                        "the query's deadline passed with " + (query.works.size() - query.committed) + " of "
                                + query.works.size() + " pieces of work unfinished");
            } else if (query.hasQueued() && members.noWorkersDueMillis(query.submittedMillis) <= nowMillis) {
                failQuery(query, FailureKind.NO_WORKERS, noWorkersMessage());
            }
        }
    }

    // Workers.

    private void open(CoordinatorEvent.SessionOpened opened, long nowMillis) {
        WorkerEntry superseded = members.supersededBy(opened);
        if (superseded != null) {
            effects.add(new CloseSession(superseded.session, CloseReason.SUPERSEDED, "replaced by a newer session"));
            lose(List.of(superseded), "its session was replaced by a newer one", nowMillis);
        }
        boolean admitted = members.admit(opened, nowMillis, effects::add);
        Check.that(superseded == null || admitted, "the session that replaces another is admitted");
    }

    private void expireSilent(long nowMillis) {
        List<WorkerEntry> silent = members.silent(nowMillis);
        if (!silent.isEmpty()) {
            String message = "no message for " + limits.heartbeat().silenceMillis() + " ms";
            for (WorkerEntry worker : silent) {
                effects.add(new CloseSession(worker.session, CloseReason.SILENT, message));
            }
            lose(silent, message, nowMillis);
        }
    }

    /** Removes workers, all of them first, and takes back what they own, fetched or not. */
    private void lose(List<WorkerEntry> lost, String reason, long nowMillis) {
        for (WorkerEntry worker : lost) {
            members.remove(worker, nowMillis);
        }
        for (WorkerEntry worker : lost) {
            for (WorkItem item : List.copyOf(worker.works)) {
                // The failure of one item may have ended the query of the next.
                if (item.owner == worker) {
                    if (item.state() == WorkState.READY) {
                        effects.add(new AbortFetch(item.workId, item.attempt));
                    }
                    item.tried.add(worker.workerId);
                    item.move(WorkTrigger.OWNER_LOST);
                    requeueFailed(
                            item, FailureKind.WORKER_LOST, "worker " + worker.workerId + " lost: " + reason, nowMillis);
                }
            }
            Check.that(worker.works.isEmpty(), "a lost worker owns nothing");
        }
    }

    private void status(CoordinatorEvent.StatusReceived status, long nowMillis) {
        WorkerEntry worker = members.ofSession(status.session());
        if (worker == null) {
            count(Counter.STALE_DROPPED);
            return;
        }
        worker.acceptingWork = status.acceptingWork();
        worker.draining = status.draining();
        worker.credits = Math.max(0, status.credits());
        if (!worker.isAvailable()) {
            takeBackUnaccepted(worker, nowMillis);
        }
    }

    private void takeBackUnaccepted(WorkerEntry worker, long nowMillis) {
        for (WorkItem item : List.copyOf(worker.works)) {
            if (item.owner == worker && item.state() == WorkState.ASSIGNED) {
                effects.add(new SendCancel(worker.session, item.workId, "moved: the worker stopped accepting work"));
                item.tried.add(worker.workerId);
                item.move(WorkTrigger.OWNER_DRAINING);
                requeue(item, nowMillis);
            }
        }
    }

    private void sendHeartbeats(long nowMillis) {
        for (WorkerEntry worker : members.live()) {
            if (worker.heartbeat.isDue(nowMillis)) {
                effects.add(new SendHeartbeat(worker.session, worker.heartbeat.send(nowMillis), false));
            }
        }
    }

    // Work.

    /** The work a worker's message is about, if it is still this worker's and this attempt; else it is counted. */
    private Optional<WorkItem> current(long session, String workId, int attempt) {
        WorkItem item = works.get(workId);
        if (item == null || !item.isOwnedBy(session, attempt)) {
            count(Counter.STALE_DROPPED);
            return Optional.empty();
        }
        return Optional.of(item);
    }

    private void accepted(CoordinatorEvent.Accepted accepted) {
        current(accepted.session(), accepted.workId(), accepted.attempt()).ifPresent(item -> {
            if (item.move(WorkTrigger.ACCEPT)) {
                count(Counter.ACCEPTED);
            }
        });
    }

    private void rejected(CoordinatorEvent.Rejected rejected, long nowMillis) {
        WorkerEntry worker = members.ofSession(rejected.session());
        if (worker != null) {
            // It gets nothing more until it says again that it accepts work: no storm of rejections.
            worker.acceptingWork = false;
        }
        current(rejected.session(), rejected.workId(), rejected.attempt()).ifPresent(item -> {
            count(Counter.REJECTED);
            item.tried.add(item.requireOwner().workerId);
            if (item.move(WorkTrigger.REJECT)) {
                requeue(item, nowMillis);
            }
        });
        if (worker != null) {
            takeBackUnaccepted(worker, nowMillis);
        }
    }

    private void ready(CoordinatorEvent.Ready ready) {
        WorkItem item = works.get(ready.workId());
        boolean known = item != null && item.query.queryId.equals(ready.queryId()) && item.leafId == ready.leafId();
        if (item == null || !known) {
            count(Counter.STALE_DROPPED);
        } else if (item.state() == WorkState.COMMITTED) {
            // The key (query_id, leaf_id, work_id, checksum) has its completion, or another checksum came second.
            count(Counter.DUPLICATE_DROPPED);
        } else if (!item.isOwnedBy(ready.session(), ready.attempt())) {
            count(Counter.STALE_DROPPED);
        } else if (item.move(WorkTrigger.READY)) {
            item.checksum = ready.checksum();
            effects.add(new StartFetch(
                    item.query.queryId, item.workId, item.attempt, item.requireOwner().workerId, item.checksum));
        } else {
            count(Counter.DUPLICATE_DROPPED);
        }
    }

    private void failed(CoordinatorEvent.Failed failed, long nowMillis) {
        current(failed.session(), failed.workId(), failed.attempt()).ifPresent(item -> {
            WorkerEntry worker = item.requireOwner();
            // What is wrong with the query itself is the user's to read, whichever worker found it.
            boolean ofQuery = failed.kind() == FailureKind.BAD_QUERY || failed.kind() == FailureKind.LIMIT_EXCEEDED;
            String message = ofQuery ? failed.message() : "worker " + worker.workerId + ": " + failed.message();
            item.tried.add(worker.workerId);
            if (item.state() == WorkState.READY) {
                effects.add(new AbortFetch(item.workId, item.attempt));
            }
            if (failed.kind() == FailureKind.HANDED_BACK) {
                if (item.move(WorkTrigger.HAND_BACK)) {
                    requeue(item, nowMillis);
                } else {
                    item.move(WorkTrigger.FAIL_RETRYABLE);
                    requeueFailed(item, failed.kind(), message, nowMillis);
                }
            } else if (failed.kind().isRetryable()) {
                item.move(WorkTrigger.FAIL_RETRYABLE);
                requeueReported(item, failed.kind(), message, nowMillis);
            } else {
                item.move(WorkTrigger.FAIL_FINAL);
                failQuery(item.query, failed.kind(), message);
            }
        });
    }

    private void fetched(CoordinatorEvent.Fetched fetched) {
        WorkItem item = works.get(fetched.workId());
        if (item == null || item.attempt != fetched.attempt() || item.state() != WorkState.READY) {
            effects.add(new DiscardFetched(fetched.workId(), fetched.attempt()));
            return;
        }
        WorkerEntry worker = item.requireOwner();
        item.move(WorkTrigger.FETCHED);
        QueryEntry query = item.query;
        query.committed++;
        effects.add(new Commit(query.queryId, item.workId, item.attempt, worker.workerId));
        effects.add(new SendAck(worker.session, item.workId, item.attempt));
        if (query.committed == query.works.size()) {
            endQuery(query, "completed");
            effects.add(new QueryCompleted(query.queryId));
        }
    }

    private void fetchFailed(CoordinatorEvent.FetchFailed failed, long nowMillis) {
        if (failed.kind() == FailureKind.CHECKSUM_MISMATCH) {
            count(Counter.CHECKSUM_MISMATCH);
        }
        WorkItem item = works.get(failed.workId());
        if (item == null || item.attempt != failed.attempt() || item.state() != WorkState.READY) {
            count(Counter.STALE_DROPPED);
            return;
        }
        WorkerEntry worker = item.requireOwner();
        effects.add(new SendCancel(worker.session, item.workId, "its artifact could not be fetched"));
        item.tried.add(worker.workerId);
        item.move(WorkTrigger.FETCH_FAILED);
        requeueReported(
                item, failed.kind(), "artifact of worker " + worker.workerId + ": " + failed.message(), nowMillis);
    }

    /** Back to the queue after a failure that a worker or a fetch reported: counts against the query's retries too. */
    private void requeueReported(WorkItem item, FailureKind kind, String message, long nowMillis) {
        item.query.retries++;
        if (item.query.retries > limits.queryRetriesMax()) {
            giveUp(item, "the query's " + limits.queryRetriesMax() + " retries are used up; last: " + message);
        } else {
            requeueFailed(item, kind, message, nowMillis);
            if (item.state() == WorkState.QUEUED && !members.hasUntried(item)) {
                item.notBeforeMillis = nowMillis + (limits.retryBackoffMillis() << Math.min(10, item.failures - 1));
            }
        }
    }

    /** Back to the queue after an attempt that failed. */
    private void requeueFailed(WorkItem item, FailureKind kind, String message, long nowMillis) {
        item.failures++;
        item.lastFailure = kind;
        item.lastMessage = message;
        if (item.failures >= limits.attemptsMax()) {
            giveUp(item, "all " + limits.attemptsMax() + " attempts failed; last: " + message);
            return;
        }
        requeue(item, nowMillis);
    }

    /** Back to the queue, not by a fault of the work. */
    private void requeue(WorkItem item, long nowMillis) {
        Check.that(item.state() == WorkState.QUEUED && item.owner == null, "only queued work is put into the queue");
        if (item.attempt >= limits.assignmentsMax()) {
            giveUp(
                    item,
                    "it was assigned " + item.attempt + " times without being completed; last: "
                            + (item.lastMessage.isEmpty() ? "no worker kept it" : item.lastMessage));
            return;
        }
        count(Counter.REASSIGNED);
        item.queuedSinceMillis = nowMillis;
        queue.giveBack(item);
    }

    private void giveUp(WorkItem item, String message) {
        item.move(WorkTrigger.GIVE_UP);
        failQuery(item.query, FailureKind.RETRIES_EXHAUSTED, "work " + item.workId + ": " + message);
    }

    private void placeQueued(long nowMillis) {
        while (queue.size() > 0 && members.anyRoom() && queue.placeNext(item -> place(item, nowMillis))) {
            // Until nothing more can be placed.
        }
    }

    private boolean place(WorkItem item, long nowMillis) {
        if (item.notBeforeMillis > nowMillis) {
            return false;
        }
        WorkerEntry worker = members.place(item);
        if (worker == null) {
            return false;
        }
        count(worker == members.best(item.keyHash) ? Counter.AFFINITY_HIT : Counter.AFFINITY_MISS);
        item.assignTo(worker);
        effects.add(new SendAssign(
                worker.session,
                item.query.queryId,
                item.leafId,
                item.workId,
                item.attempt,
                item.affinityKey,
                item.query.deadlineMillis - nowMillis));
        return true;
    }

    private void count(Counter counter) {
        effects.add(new Count(counter));
    }

    // Views. None changes anything.

    /** When {@link CoordinatorEvent.Tick} is due, if nothing else happens before; MAX_VALUE for never. */
    public long nextTimerMillis() {
        long next = Long.MAX_VALUE;
        for (WorkerEntry worker : members.live()) {
            next = Math.min(next, worker.heartbeat.nextTimerMillis());
        }
        for (QueryEntry query : queries.values()) {
            next = Math.min(next, query.deadlineMillis);
            if (query.hasQueued()) {
                next = Math.min(next, members.noWorkersDueMillis(query.submittedMillis));
            }
            for (WorkItem item : query.returned) {
                // A back-off that is over waits for room, not for time.
                if (item.notBeforeMillis > stalls.lastStepMillis()) {
                    next = Math.min(next, item.notBeforeMillis);
                }
            }
        }
        return next;
    }

    public List<WorkerSnapshot> workers() {
        return members.live().stream().map(WorkerEntry::snapshot).toList();
    }

    public List<WorkSnapshot> works() {
        return works.values().stream()
                .map(item -> new WorkSnapshot(
                        item.query.queryId,
                        item.query.tenant.name,
                        item.workId,
                        item.state(),
                        item.attempt,
                        item.failures,
                        item.owner == null ? 0 : item.owner.session))
                .toList();
    }

    /** The worker that work with this key would go to if all had room; empty if none accepts work. */
    public Optional<String> placement(String affinityKey) {
        WorkerEntry best = members.best(Rendezvous.hash(affinityKey));
        return best == null ? Optional.empty() : Optional.of(best.workerId);
    }

    /** Pieces of work that wait for a worker with room. */
    public int queued() {
        return queue.size();
    }

    /** Pieces of work on workers, not finished there. */
    public int inFlight() {
        return members.live().stream().mapToInt(worker -> worker.inFlight).sum();
    }

    public int queriesRunning() {
        return queries.size();
    }

    public int worksTracked() {
        return works.size();
    }

    /** Age of the piece of work that has waited longest in the queue; 0 when it is empty. */
    public long oldestQueuedMillis(long nowMillis) {
        long oldest = 0;
        for (QueryEntry query : queries.values()) {
            WorkItem first = query.fresh.peekFirst();
            if (first != null) {
                oldest = Math.max(oldest, nowMillis - first.queuedSinceMillis);
            }
            for (WorkItem item : query.returned) {
                oldest = Math.max(oldest, nowMillis - item.queuedSinceMillis);
            }
        }
        return oldest;
    }
}
