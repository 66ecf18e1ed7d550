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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
    private final WorkQueues queues = new WorkQueues();
    private final Map<String, QueryEntry> queries = new LinkedHashMap<>();
    private final Map<String, WorkItem> works = new LinkedHashMap<>();
    private final Admission admission;
    private final Hedging hedging;
    private final StallDetector stalls;
    private List<CoordinatorEffect> effects = new ArrayList<>();

    public Coordinator(CoordinatorLimits limits) {
        this.limits = limits;
        this.members = new Membership(limits);
        this.admission = new Admission(limits, members, queries, works);
        this.hedging = new Hedging(limits);
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
            hedging.stalled(nowMillis);
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
        hedgeStragglers(nowMillis);
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
            case CoordinatorEvent.Ready ready -> ready(ready, nowMillis);
            case CoordinatorEvent.Failed failed -> failed(failed, nowMillis);
            case CoordinatorEvent.Fetched fetched -> fetched(fetched);
            case CoordinatorEvent.FetchFailed failed -> fetchFailed(failed, nowMillis);
        }
    }

    // Queries.

    private void submit(CoordinatorEvent.Submit submit, long nowMillis) {
        Optional<SubmitRefused> refusal = admission.refusal(submit, nowMillis);
        if (refusal.isPresent()) {
            effects.add(refusal.get());
            return;
        }
        effects.add(new SubmitAccepted(submit.queryId()));
        if (submit.units().isEmpty()) {
            effects.add(new QueryCompleted(submit.queryId()));
            return;
        }
        FairQueue queue = queues.of(submit.priority());
        QueryEntry query = new QueryEntry(submit, queue.tenant(submit.tenant()), nowMillis);
        for (CoordinatorEvent.Unit unit : submit.units()) {
            WorkItem item = new WorkItem(query, unit, nowMillis);
            query.works.add(item);
            works.put(item.workId, item);
        }
        queries.put(query.queryId, query);
        queue.add(query);
    }

    /** Cancels what is not finished, on the workers too, and forgets the query. */
    private void endQuery(QueryEntry query, String reason) {
        queues.of(query).remove(query);
        for (WorkItem item : query.works) {
            for (Attempt attempt : item.attempts()) {
                abortFetch(attempt);
                if (attempt.state().isOwned()) {
                    effects.add(new SendCancel(attempt.requireOwner().session, item.workId, reason));
                }
                attempt.move(WorkTrigger.CANCEL);
            }
            works.remove(item.workId);
        }
        Check.equal(query.inFlight(), 0, "what a query that is over has in flight");
        queries.remove(query.queryId);
    }

    private void abortFetch(Attempt attempt) {
        if (attempt.state() == WorkState.READY) {
            effects.add(new AbortFetch(attempt.work.workId, attempt.number));
        }
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
                failQuery(query, FailureKind.NO_WORKERS, members.noWorkersMessage());
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
        members.admit(opened, nowMillis, effects::add);
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
            for (Attempt attempt : List.copyOf(worker.attempts)) {
                // The failure of one piece may have ended the query of the next.
                if (attempt.owner == worker) {
                    WorkItem item = attempt.work;
                    abortFetch(attempt);
                    item.tried.add(worker.workerId);
                    attempt.move(WorkTrigger.OWNER_LOST);
                    if (!item.goesOnWithout(attempt)) {
                        requeueFailed(item, "worker " + worker.workerId + " lost: " + reason, nowMillis);
                    }
                }
            }
            Check.equal(worker.attempts.size(), 0, "what a lost worker owns");
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
        for (Attempt attempt : List.copyOf(worker.attempts)) {
            // Accepted and finished work stays; the failure of one piece may have ended the query of the next.
            if (attempt.owner == worker && attempt.move(WorkTrigger.OWNER_DRAINING)) {
                WorkItem item = attempt.work;
                effects.add(new SendCancel(worker.session, item.workId, "moved: the worker stopped accepting work"));
                item.tried.add(worker.workerId);
                if (!item.goesOnWithout(attempt)) {
                    requeue(item, nowMillis);
                }
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

    /** The attempt a worker's message is about, if it is this worker's and not over; else the message is counted. */
    private Optional<Attempt> current(long session, String workId, int number) {
        WorkItem item = works.get(workId);
        Optional<Attempt> found =
                item == null ? Optional.empty() : item.attempt(number).filter(attempt -> attempt.isOwnedBy(session));
        if (found.isEmpty()) {
            count(Counter.STALE_DROPPED);
        }
        return found;
    }

    /** The attempt whose artifact is being fetched, if this is it. */
    private Optional<Attempt> fetching(String workId, int number) {
        WorkItem item = works.get(workId);
        return item == null
                ? Optional.empty()
                : item.attempt(number).filter(attempt -> attempt.state() == WorkState.READY);
    }

    private void accepted(CoordinatorEvent.Accepted accepted) {
        current(accepted.session(), accepted.workId(), accepted.attempt()).ifPresent(attempt -> {
            if (attempt.move(WorkTrigger.ACCEPT)) {
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
        current(rejected.session(), rejected.workId(), rejected.attempt()).ifPresent(attempt -> {
            count(Counter.REJECTED);
            attempt.work.tried.add(attempt.requireOwner().workerId);
            if (attempt.move(WorkTrigger.REJECT) && !attempt.work.goesOnWithout(attempt)) {
                requeue(attempt.work, nowMillis);
            }
        });
        if (worker != null) {
            takeBackUnaccepted(worker, nowMillis);
        }
    }

    private void ready(CoordinatorEvent.Ready ready, long nowMillis) {
        WorkItem item = works.get(ready.workId());
        if (item == null || !item.query.queryId.equals(ready.queryId()) || item.leafId != ready.leafId()) {
            count(Counter.STALE_DROPPED);
        } else if (item.state() == WorkState.COMMITTED) {
            // The key (query_id, leaf_id, work_id, checksum) has its completion, or another checksum came second.
            count(Counter.DUPLICATE_DROPPED);
        } else {
            current(ready.session(), ready.workId(), ready.attempt())
                    .ifPresent(attempt -> ready(attempt, ready.checksum(), nowMillis));
        }
    }

    private void ready(Attempt attempt, String checksum, long nowMillis) {
        WorkItem item = attempt.work;
        Attempt other = item.beside(attempt);
        if (other != null && other.state() == WorkState.READY) {
            // The first completion is being fetched; should that fail, the work runs again.
            count(Counter.DUPLICATE_DROPPED);
            withdraw(attempt, "another attempt finished first");
        } else if (attempt.move(WorkTrigger.READY)) {
            attempt.workedMillis = nowMillis - attempt.assignedMillis;
            effects.add(new StartFetch(
                    item.query.queryId, item.workId, attempt.number, attempt.requireOwner().workerId, checksum));
        } else {
            count(Counter.DUPLICATE_DROPPED);
        }
    }

    /** Stops an attempt, or deletes its artifact, because the other one has made it pointless. */
    private void withdraw(Attempt attempt, String reason) {
        effects.add(new SendCancel(attempt.requireOwner().session, attempt.work.workId, reason));
        attempt.move(WorkTrigger.CANCEL);
        attempt.work.goesOnWithout(attempt);
    }

    private void failed(CoordinatorEvent.Failed failed, long nowMillis) {
        current(failed.session(), failed.workId(), failed.attempt())
                .ifPresent(attempt -> failed(attempt, failed.kind(), failed.message(), nowMillis));
    }

    private void failed(Attempt attempt, FailureKind kind, String text, long nowMillis) {
        WorkItem item = attempt.work;
        WorkerEntry worker = attempt.requireOwner();
        // What is wrong with the query itself is the user's to read, whichever worker found it.
        boolean ofQuery = kind == FailureKind.BAD_QUERY || kind == FailureKind.LIMIT_EXCEEDED;
        String message = ofQuery ? text : "worker " + worker.workerId + ": " + text;
        item.tried.add(worker.workerId);
        abortFetch(attempt);
        if (kind == FailureKind.HANDED_BACK && attempt.move(WorkTrigger.HAND_BACK)) {
            if (!item.goesOnWithout(attempt)) {
                requeue(item, nowMillis);
            }
        } else if (kind.isRetryable() || isDispensable(attempt)) {
            attempt.move(WorkTrigger.FAIL_RETRYABLE);
            if (!item.goesOnWithout(attempt)) {
                requeueReported(item, message, nowMillis);
            }
        } else {
            attempt.move(WorkTrigger.FAIL_FINAL);
            failQuery(item.query, kind, message);
        }
    }

    /** Whether a query must not fail by this attempt: it is only a hedge, or the hedge has finished. */
    private static boolean isDispensable(Attempt attempt) {
        WorkItem item = attempt.work;
        return item.hedge != null && (attempt == item.hedge || item.hedge.state() == WorkState.READY);
    }

    private void fetched(CoordinatorEvent.Fetched fetched) {
        fetching(fetched.workId(), fetched.attempt())
                .ifPresentOrElse(
                        this::commit, () -> effects.add(new DiscardFetched(fetched.workId(), fetched.attempt())));
    }

    private void commit(Attempt attempt) {
        WorkItem item = attempt.work;
        QueryEntry query = item.query;
        WorkerEntry worker = attempt.requireOwner();
        attempt.move(WorkTrigger.FETCHED);
        query.committed++;
        hedging.committed(attempt);
        effects.add(new Commit(query.queryId, item.workId, attempt.number, worker.workerId));
        effects.add(new SendAck(worker.session, item.workId, attempt.number));
        if (attempt.hedge) {
            count(Counter.HEDGE_WON);
        }
        Attempt other = item.beside(attempt);
        if (other != null) {
            withdraw(other, "another attempt's artifact is committed");
        }
        if (query.committed == query.works.size()) {
            endQuery(query, "completed");
            effects.add(new QueryCompleted(query.queryId));
        }
    }

    private void fetchFailed(CoordinatorEvent.FetchFailed failed, long nowMillis) {
        if (failed.kind() == FailureKind.CHECKSUM_MISMATCH) {
            count(Counter.CHECKSUM_MISMATCH);
        }
        fetching(failed.workId(), failed.attempt())
                .ifPresentOrElse(
                        attempt -> fetchFailed(attempt, failed.message(), nowMillis),
                        () -> count(Counter.STALE_DROPPED));
    }

    private void fetchFailed(Attempt attempt, String message, long nowMillis) {
        WorkItem item = attempt.work;
        WorkerEntry worker = attempt.requireOwner();
        effects.add(new SendCancel(worker.session, item.workId, "its artifact could not be fetched"));
        item.tried.add(worker.workerId);
        attempt.move(WorkTrigger.FETCH_FAILED);
        if (!item.goesOnWithout(attempt)) {
            requeueReported(item, "artifact of worker " + worker.workerId + ": " + message, nowMillis);
        }
    }

    /** Back to the queue after a failure that a worker or a fetch reported: counts against the query's retries too. */
    private void requeueReported(WorkItem item, String message, long nowMillis) {
        item.query.retries++;
        if (item.query.retries > limits.queryRetriesMax()) {
            giveUp(item, "the query's " + limits.queryRetriesMax() + " retries are used up; last: " + message);
        } else {
            requeueFailed(item, message, nowMillis);
            if (item.state() == WorkState.QUEUED && !members.hasUntried(item)) {
                item.notBeforeMillis = nowMillis + (limits.retryBackoffMillis() << Math.min(10, item.failures - 1));
            }
        }
    }

    /** Back to the queue after an attempt that failed. */
    private void requeueFailed(WorkItem item, String message, long nowMillis) {
        item.failures++;
        item.lastMessage = message;
        if (item.failures >= limits.attemptsMax()) {
            giveUp(item, "all " + limits.attemptsMax() + " attempts failed; last: " + message);
            return;
        }
        requeue(item, nowMillis);
    }

    /** Back to the queue, not by a fault of the work. */
    private void requeue(WorkItem item, long nowMillis) {
        if (item.assignments >= limits.assignmentsMax()) {
            giveUp(
                    item,
                    "it was assigned " + item.assignments + " times without being completed; last: "
                            + (item.lastMessage.isEmpty() ? "no worker kept it" : item.lastMessage));
            return;
        }
        count(Counter.REASSIGNED);
        item.queuedSinceMillis = nowMillis;
        queues.of(item.query).giveBack(item);
    }

    private void giveUp(WorkItem item, String message) {
        item.primary.move(WorkTrigger.GIVE_UP);
        failQuery(item.query, FailureKind.RETRIES_EXHAUSTED, "work " + item.workId + ": " + message);
    }

    private void placeQueued(long nowMillis) {
        for (Priority priority : Priority.values()) {
            FairQueue queue = queues.of(priority);
            // Without room anywhere, no item is offered: the queue may be long.
            while (!queue.isEmpty() && members.hasRoom(priority) && queue.placeNext(item -> place(item, nowMillis))) {
                // Until nothing more can be placed.
            }
            if (!queue.isEmpty()) {
                // It may want whatever room there is next.
                return;
            }
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
        assign(item.primary, worker, false, nowMillis);
        return true;
    }

    /** Second attempts, on room that nothing else wants. */
    private void hedgeStragglers(long nowMillis) {
        if (!queues.of(Priority.INTERACTIVE).isEmpty()) {
            return;
        }
        for (QueryEntry query : queries.values()) {
            if (hedging.mayHedge(query)) {
                for (WorkItem straggler : hedging.stragglers(query, nowMillis)) {
                    WorkerEntry worker = members.placeHedge(straggler);
                    if (worker != null && hedging.mayHedge(query)) {
                        query.hedged++;
                        straggler.hedge = new Attempt(straggler);
                        count(Counter.HEDGED);
                        assign(straggler.hedge, worker, true, nowMillis);
                    }
                }
            }
        }
    }

    private void assign(Attempt attempt, WorkerEntry worker, boolean hedge, long nowMillis) {
        attempt.assignTo(worker, hedge, nowMillis);
        WorkItem item = attempt.work;
        effects.add(new SendAssign(
                worker.session,
                item.query.queryId,
                item.leafId,
                item.workId,
                attempt.number,
                item.affinityKey,
                item.query.deadlineMillis - nowMillis,
                hedge));
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
            if (hedging.mayHedge(query)) {
                next = Math.min(next, hedging.nextStragglerMillis(query, stalls.lastStepMillis()));
            }
            next = Math.min(next, query.nextBackoffEndMillis(stalls.lastStepMillis()));
        }
        return next;
    }

    public List<WorkerSnapshot> workers() {
        return members.live().stream().map(WorkerEntry::snapshot).toList();
    }

    public List<WorkSnapshot> works() {
        return works.values().stream().map(WorkItem::snapshot).toList();
    }

    /** The worker that work with this key would go to if all had room; empty if none accepts work. */
    public Optional<String> placement(String affinityKey) {
        WorkerEntry best = members.best(Rendezvous.hash(affinityKey));
        return best == null ? Optional.empty() : Optional.of(best.workerId);
    }

    /** Pieces of work of a priority that wait for a worker with room. */
    public int queued(Priority priority) {
        return queues.of(priority).size();
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

    /** Age of the piece of interactive work that has waited longest in the queue; 0 when it is empty. */
    public long oldestQueuedMillis(long nowMillis) {
        return nowMillis - queues.of(Priority.INTERACTIVE).oldestSinceMillis(nowMillis);
    }
}
