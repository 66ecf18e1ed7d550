package io.weir.workcoord.sim;

import io.weir.workcoord.coordinator.Coordinator;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import io.weir.workcoord.coordinator.Priority;
import io.weir.workcoord.coordinator.WorkSnapshot;
import io.weir.workcoord.coordinator.WorkState;
import io.weir.workcoord.coordinator.WorkerSnapshot;
import io.weir.workcoord.sim.ApiModel.Attempt;
import io.weir.workcoord.sim.ApiModel.Query;
import io.weir.workcoord.sim.ApiModel.Session;
import io.weir.workcoord.sim.ApiModel.Stage;
import io.weir.workcoord.sim.ApiModel.Tenant;
import io.weir.workcoord.sim.ApiModel.Work;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What must hold at the API's end after every step, checked against {@link ApiModel}. */
final class ApiChecks {
    private static final int SAMPLE_KEYS = 8;

    private final SimNode node;
    private final CoordinatorLimits limits;
    private final ApiModel model;
    private final ApiEvents events;
    private final String[] sampleOwners = new String[SAMPLE_KEYS];
    private final Set<String> sampleWorkers = new HashSet<>();
    private long noneAvailableSinceMillis = Long.MAX_VALUE;
    private final Set<String> endedEarly = new HashSet<>();
    private long lastStepMillis;
    private int lastStalls;
    private long quietUntilMillis;
    private long messages;
    private long assignments;

    ApiChecks(SimNode node, CoordinatorLimits limits) {
        this.node = node;
        this.limits = limits;
        this.model = new ApiModel(limits);
        this.events = new ApiEvents(node, limits, model);
    }

    boolean isRunning(String queryId) {
        return model.queries.containsKey(queryId);
    }

    int liveWorkers() {
        return model.sessions.size();
    }

    /** Checks a step and takes it into the account. */
    void after(CoordinatorEvent event, List<CoordinatorEffect> effects, long now, Coordinator coordinator) {
        model.beginStep();
        if (lastStalls == node.stalls) {
            timers(now);
        } else {
            quietUntilMillis = now + limits.hedge().millisMin();
        }
        if (event instanceof CoordinatorEvent.OfSession message) {
            Session session = model.sessions.get(message.session());
            if (session != null) {
                events.heard(session, now);
            }
        }
        events.endSilent(effects, now);
        endExhausted(effects, now);
        events.apply(event, effects, now);
        endQueries(effects, now);
        waits(now);
        for (CoordinatorEffect effect : effects) {
            check(effect, now, coordinator);
        }
        obligations();
        counts(coordinator);
        liveness(now);
        placement(coordinator);
        lastStepMillis = now;
        lastStalls = node.stalls;
    }

    private static Violation broken(Invariant invariant, String message) {
        return new Violation(invariant, message);
    }

    /** A timer that was due between the last step and this one was not asked for. */
    private void timers(long now) {
        for (Query query : model.queries.values()) {
            if (query.deadlineMillis < now) {
                throw broken(Invariant.L4, "a deadline was " + (now - query.deadlineMillis) + " ms ago: " + query.id);
            }
        }
        if (!model.interactiveWaits() && !limits.hedge().isOff() && now > quietUntilMillis) {
            stragglers(now - 1);
        }
        if (model.anyRoom()) {
            Optional<Work> work = model.placeable(now - 1, lastStepMillis);
            if (work.isPresent()) {
                throw broken(
                        Invariant.L5,
                        "waits after its back-off: " + work.get().unit.workId());
            }
        }
    }

    /** Queries that the end of silent workers has ended: they are gone before the event is looked at. */
    private void endExhausted(List<CoordinatorEffect> effects, long now) {
        endedEarly.clear();
        for (CoordinatorEffect effect : effects) {
            if (effect instanceof CoordinatorEffect.QueryFailed failed) {
                Query query = model.queries.get(failed.queryId());
                if (query != null && model.exhausted.contains(query)) {
                    endedEarly.add(query.id);
                    end(query, failed, now);
                }
            }
        }
    }

    private void end(Query query, CoordinatorEffect.QueryFailed failed, long now) {
        reason(query, failed, now);
        model.exhausted.remove(query);
        model.end(query);
    }

    private void endQueries(List<CoordinatorEffect> effects, long now) {
        for (CoordinatorEffect effect : effects) {
            if (effect instanceof CoordinatorEffect.QueryCompleted completed) {
                Query query = model.queries.get(completed.queryId());
                if (query == null) {
                    throw broken(Invariant.I2, "a query ends that does not run: " + completed);
                }
                if (query.committed != query.works.size()) {
                    throw broken(Invariant.I2, "a query completes with work unfinished: " + completed);
                }
                model.end(query);
            } else if (effect instanceof CoordinatorEffect.QueryFailed failed && !endedEarly.remove(failed.queryId())) {
                Query query = model.queries.get(failed.queryId());
                if (query == null) {
                    throw broken(Invariant.I2, "a query ends that does not run: " + failed);
                }
                end(query, failed, now);
            }
        }
        if (!model.exhausted.isEmpty()) {
            throw broken(
                    Invariant.I12,
                    "a query lives beyond its limits: "
                            + model.exhausted.iterator().next().id);
        }
        for (Query query : model.queries.values()) {
            if (query.committed == query.works.size()) {
                throw broken(Invariant.I2, "everything is committed and the query goes on: " + query.id);
            }
        }
    }

    private void reason(Query query, CoordinatorEffect.QueryFailed failed, long now) {
        boolean limit = switch (failed.kind()) {
            case DEADLINE_EXCEEDED -> now >= query.deadlineMillis;
            case NO_WORKERS -> !model.anyAvailable() && now - noneAvailableSinceMillis >= limits.noWorkersWaitMillis();
            case RETRIES_EXHAUSTED -> model.exhausted.contains(query);
            default -> false;
        };
        boolean sound = limit || query == model.failedForGood;
        if (!sound) {
            throw broken(Invariant.I12, "no limit was reached and the query fails: " + failed);
        }
    }

    private void waits(long now) {
        if (model.anyAvailable()) {
            noneAvailableSinceMillis = Long.MAX_VALUE;
        } else if (noneAvailableSinceMillis == Long.MAX_VALUE) {
            noneAvailableSinceMillis = now;
        }
        for (Work work : model.reported) {
            if (model.queued.contains(work) && !model.anyUntried(work)) {
                work.mayWaitUntilMillis = now + (limits.retryBackoffMillis() << Math.min(10, work.failures - 1));
            }
        }
    }

    // The effects, one by one.

    private void check(CoordinatorEffect effect, long now, Coordinator coordinator) {
        if (effect instanceof CoordinatorEffect.Send send && !model.sessions.containsKey(send.session())) {
            throw broken(Invariant.I3, "effect to a session that is not live: " + effect);
        }
        switch (effect) {
            case CoordinatorEffect.SendAssign assign -> assign(assign, now, coordinator);
            case CoordinatorEffect.SendCancel cancel -> {
                messages++;
                if (!remove(model.mustCancel, cancel.session(), cancel.workId())) {
                    throw broken(Invariant.I6, "cancels what did not end: " + cancel);
                }
            }
            case CoordinatorEffect.AbortFetch abort -> {
                boolean ended = model.mustAbort.removeIf(attempt -> attempt.number == abort.attempt()
                        && attempt.work.unit.workId().equals(abort.workId()));
                if (!ended) {
                    throw broken(Invariant.I9, "stops a fetch that is wanted: " + abort);
                }
            }
            case CoordinatorEffect.SendAck ack -> {
                messages++;
                if (!events.committed.contains(ack.workId())) {
                    throw broken(Invariant.I11, "acknowledges what is not here: " + ack);
                }
            }
            case CoordinatorEffect.SendHeartbeat heartbeat -> {
                // Counted by the silence of the other side.
            }
            case CoordinatorEffect.CloseSession close -> {
                // Checked where the session ends.
            }
            case CoordinatorEffect.StartFetch fetch -> messages++;
            case CoordinatorEffect.DiscardFetched discard -> {
                // Checked with its cause.
            }
            case CoordinatorEffect.Commit commit -> {
                if (!events.committed.contains(commit.workId())) {
                    throw broken(Invariant.I5, "a commit without a fetch: " + commit);
                }
            }
            case CoordinatorEffect.SubmitAccepted accepted -> {
                // Checked with its cause.
            }
            case CoordinatorEffect.SubmitRefused refused -> {
                // Checked with its cause.
            }
            case CoordinatorEffect.QueryCompleted completed -> {
                // Checked with its cause.
            }
            case CoordinatorEffect.QueryFailed failed -> {
                // Checked with its cause.
            }
            case CoordinatorEffect.Count count -> {
                // For metrics only.
            }
        }
    }

    private static boolean remove(Set<Attempt> attempts, long session, String workId) {
        for (Attempt attempt : attempts) {
            if (attempt.session.id() == session && attempt.work.unit.workId().equals(workId)) {
                attempts.remove(attempt);
                return true;
            }
        }
        return false;
    }

    private void assign(CoordinatorEffect.SendAssign assign, long now, Coordinator coordinator) {
        messages++;
        assignments++;
        Work work = model.works.get(assign.workId());
        if (work == null || !work.query.id.equals(assign.queryId())) {
            throw broken(Invariant.I9, "assignment for a query that is over: " + assign);
        }
        if (work.committed) {
            throw broken(Invariant.I2, "assignment of committed work: " + assign);
        }
        if (assign.hedge() ? work.live.size() != 1 : !work.live.isEmpty()) {
            throw broken(Invariant.I4, "assignment of work that has an owner, or none to be helped: " + assign);
        }
        if (assign.attempt() != work.attempts + 1) {
            throw broken(Invariant.I4, "attempts count up by one: " + assign);
        }
        if (assign.deadlineRemainingMillis() != work.query.deadlineMillis - now) {
            throw broken(Invariant.I10, "the worker is told another deadline: " + assign);
        }
        Session session = model.sessions.get(assign.session());
        if (session == null || !session.hasRoom()) {
            throw broken(Invariant.I6, "assignment to a worker out of rotation or without room: " + assign);
        }
        if (work.query.isBackground()) {
            background(work, session);
        }
        if (work.tried.contains(session.workerId()) && model.anyUntried(work)) {
            throw broken(Invariant.I7, "assignment to a worker that tried it, while another accepts work: " + assign);
        }
        best(work, session, coordinator);
        if (assign.hedge()) {
            hedge(work, session, now);
            return;
        }
        fair(work, now);
        if (work.mayWaitUntilMillis > now) {
            throw broken(Invariant.I12, "assignment before the back-off is over: " + assign);
        }
        model.assign(work, session, assign.attempt(), now);
    }

    /** Background work gets what interactive work leaves, and of a worker's credits its share. */
    private void background(Work work, Session session) {
        if (model.interactiveWaits()) {
            throw broken(Invariant.B1, "goes before what a user waits for: " + work.unit.workId());
        }
        if (!model.hasRoom(session, work.query)) {
            throw broken(Invariant.B1, "takes more than its share of " + session.workerId());
        }
    }

    /** A second attempt is at a straggler, elsewhere, within the budget, on room that nothing queued wants. */
    private void hedge(Work work, Session session, long now) {
        Attempt first = work.live.getFirst();
        Query query = work.query;
        if (first.stage == Stage.READY || now - first.assignedMillis < model.stragglerMillis(query)) {
            throw broken(Invariant.H1, "no straggler, or beyond the budget: " + work.unit.workId());
        }
        if (!ApiModel.mayHedge(first, session) || model.interactiveWaits()) {
            throw broken(Invariant.H1, "the room is not for a second attempt: " + work.unit.workId());
        }
        query.hedged++;
        model.assign(work, session, work.attempts + 1, now);
    }

    /** Of the workers that may have it, the best ranked gets it. */
    private void best(Work work, Session session, Coordinator coordinator) {
        Optional<String> best = coordinator.placement(work.unit.affinityKey());
        if (best.isPresent() && !best.get().equals(session.workerId())) {
            for (Session other : model.sessions.values()) {
                boolean first = other.workerId().equals(best.get());
                boolean has = !work.live.isEmpty() && work.live.getFirst().session == other;
                if (first && model.hasRoom(other, work.query) && !has && !work.tried.contains(other.workerId())) {
                    throw broken(
                            Invariant.I8, "goes to " + session.workerId() + " though the best has room: " + best.get());
                }
            }
        }
    }

    /** Nobody waits who has less work on the workers. */
    private void fair(Work work, long now) {
        Query query = work.query;
        for (Tenant tenant : model.tenants.values()) {
            if (tenant != query.tenant
                    && tenant.priority == query.priority
                    && tenant.inFlight < query.tenant.inFlight) {
                for (Query other : tenant.queries) {
                    if (other.queuedFresh > 0) {
                        throw broken(Invariant.F1, "the turn is of " + other.id + ", not of " + query.id);
                    }
                }
            }
        }
        for (Query other : query.tenant.queries) {
            if (other.inFlight < query.inFlight && other.queuedFresh > 0) {
                throw broken(Invariant.F1, "the turn is of " + other.id + ", not of " + query.id + " at " + now);
            }
        }
    }

    // The state after the step.

    private void obligations() {
        for (Attempt attempt : model.mustCancel) {
            if (model.sessions.containsKey(attempt.session.id())) {
                throw broken(
                        Invariant.I9,
                        "worker " + attempt.session.workerId() + " is not told to stop " + attempt.work.unit.workId());
            }
        }
        if (!model.mustAbort.isEmpty()) {
            throw broken(
                    Invariant.I9,
                    "a fetch goes on: "
                            + model.mustAbort.iterator().next().work.unit.workId());
        }
        if (messages > 8L * assignments + 8) {
            throw broken(Invariant.L2, messages + " messages for " + assignments + " assignments");
        }
    }

    private void counts(Coordinator coordinator) {
        for (Priority priority : Priority.values()) {
            if (coordinator.queued(priority) != model.queued(priority)) {
                throw broken(
                        Invariant.I4,
                        coordinator.queued(priority) + " queued, not " + model.queued(priority) + ", " + priority);
            }
        }
        if (coordinator.inFlight() != model.inFlight) {
            throw broken(Invariant.I4, coordinator.inFlight() + " in flight, not " + model.inFlight);
        }
        if (coordinator.worksTracked() != model.works.size()) {
            throw broken(Invariant.I9, coordinator.worksTracked() + " works kept, not " + model.works.size());
        }
        if (coordinator.queriesRunning() != model.queries.size()) {
            throw broken(Invariant.I9, coordinator.queriesRunning() + " queries kept, not " + model.queries.size());
        }
        if (coordinator.worksTracked() > limits.worksMax() || model.sessions.size() > limits.workersMax()) {
            throw broken(Invariant.I12, "more works or workers than the limits");
        }
        List<WorkerSnapshot> workers = coordinator.workers();
        if (workers.size() != model.sessions.size()) {
            throw broken(Invariant.I4, "live: " + workers + ", not " + model.sessions.keySet());
        }
        for (WorkerSnapshot worker : workers) {
            Session session = model.sessions.get(worker.session());
            if (session == null) {
                throw broken(Invariant.I4, "a dead session is live: " + worker);
            }
            if (session.inFlight != worker.inFlight()
                    || session.credits != worker.credits()
                    || session.isAvailable() != (worker.acceptingWork() && !worker.draining())) {
                throw broken(Invariant.I6, "the account differs: " + worker + ", in flight " + session.inFlight);
            }
        }
    }

    private void liveness(long now) {
        for (Session session : model.sessions.values()) {
            if (node.runningMillis() - session.heardRunningMillis
                    >= limits.heartbeat().silenceMillis()) {
                throw broken(Invariant.L4, "silence is not detected: " + session.workerId());
            }
        }
        if (model.anyRoom()) {
            Optional<Work> work = model.placeable(now, Long.MIN_VALUE);
            if (work.isPresent()) {
                throw broken(
                        Invariant.L5,
                        "waits though a worker has room: " + work.get().unit.workId());
            }
        }
        if (!model.interactiveWaits() && !limits.hedge().isOff() && now >= quietUntilMillis) {
            stragglers(now);
        }
        for (Query query : model.queries.values()) {
            if (query.deadlineMillis <= now) {
                throw broken(Invariant.L4, "goes on after its deadline: " + query.id);
            }
        }
        if (!model.queued.isEmpty() && noneAvailableSinceMillis != Long.MAX_VALUE) {
            Query query = model.queued.iterator().next().query;
            if (now - Math.max(noneAvailableSinceMillis, query.submittedMillis) >= limits.noWorkersWaitMillis()) {
                throw broken(Invariant.L4, "waits for workers for too long: " + query.id);
            }
        }
    }

    /** No straggler goes without a second attempt that it may have. */
    private void stragglers(long now) {
        for (Query query : model.queries.values()) {
            long age = model.stragglerMillis(query);
            for (Work work : age == Long.MAX_VALUE ? List.<Work>of() : query.works) {
                boolean alone = work.live.size() == 1 && work.attempts < limits.assignmentsMax();
                if (alone && work.live.getFirst().stage != Stage.READY) {
                    Attempt attempt = work.live.getFirst();
                    for (Session session : model.sessions.values()) {
                        if (now - attempt.assignedMillis >= age && ApiModel.mayHedge(attempt, session)) {
                            throw broken(Invariant.H1, "a straggler is left alone: " + work.unit.workId());
                        }
                    }
                }
            }
        }
    }

    /** Which worker a key goes to changes only from or to the worker that went or came. */
    private void placement(Coordinator coordinator) {
        boolean same = true;
        int available = 0;
        for (Session session : model.sessions.values()) {
            if (session.isAvailable()) {
                available++;
                same &= sampleWorkers.contains(session.workerId());
            }
        }
        if (same && available == sampleWorkers.size()) {
            return;
        }
        Set<String> workers = new HashSet<>();
        for (Session session : model.sessions.values()) {
            if (session.isAvailable()) {
                workers.add(session.workerId());
            }
        }
        for (int i = 0; i < SAMPLE_KEYS; i++) {
            String before = sampleOwners[i];
            String owner = coordinator.placement("sample" + i).orElse("");
            boolean stays = owner.equals(before);
            boolean left = before == null || before.isEmpty() || !workers.contains(before);
            boolean came = owner.isEmpty() || !sampleWorkers.contains(owner);
            if (!stays && !left && !came) {
                throw broken(Invariant.I8, "a key moves from " + before + " to " + owner + ", both were here and are");
            }
            sampleOwners[i] = owner;
        }
        sampleWorkers.clear();
        sampleWorkers.addAll(workers);
    }

    /** Compares every piece of work. */
    void sweep(Coordinator coordinator) {
        Map<String, WorkSnapshot> found = new HashMap<>();
        for (WorkSnapshot work : coordinator.works()) {
            found.put(work.workId(), work);
            Work expected = model.works.get(work.workId());
            if (expected == null) {
                throw broken(Invariant.I9, "work of a query that is over is kept: " + work);
            }
            boolean numbered = expected.live.isEmpty()
                    ? work.attempt() <= expected.attempts
                    : work.attempt() == expected.live.getFirst().number;
            if (!expected.committed && (work.failures() != expected.failures || !numbered)) {
                throw broken(Invariant.I12, "attempts are miscounted: " + work);
            }
            if (work.attempt() > limits.assignmentsMax() || work.failures() >= limits.attemptsMax()) {
                throw broken(Invariant.I12, "beyond the limits: " + work);
            }
            state(work, expected);
        }
        if (found.size() != model.works.size()) {
            throw broken(Invariant.I4, "work is missing: " + found.keySet());
        }
        List<Object> views = views(coordinator);
        if (!views.equals(views(coordinator))) {
            throw broken(Invariant.I14, "views differ when read twice");
        }
    }

    private static void state(WorkSnapshot work, Work expected) {
        WorkState state = work.state();
        if ((state == WorkState.COMMITTED) != expected.committed) {
            throw broken(Invariant.I2, "committed or not: " + work);
        }
        if (state == WorkState.COMMITTED) {
            return;
        }
        Attempt attempt = expected.live.isEmpty() ? null : expected.live.getFirst();
        WorkSnapshot.Hedge hedge = work.hedge();
        if ((hedge != null) != (expected.live.size() == 2)
                || (hedge != null && hedge.attempt() != expected.live.getLast().number)) {
            throw broken(Invariant.H1, "second attempt of " + work + ": " + expected.live.size() + " live");
        }
        if (state.isOwned() ? attempt == null || work.session() != attempt.session.id() : attempt != null) {
            throw broken(Invariant.I4, "owner of " + work + ": " + sessionOf(attempt));
        }
        if (attempt != null && !state.name().equals(attempt.stage.name())) {
            throw broken(Invariant.I2, "state of " + work + ": " + attempt.stage);
        }
        if (attempt == null && state != WorkState.QUEUED) {
            throw broken(Invariant.I2, "ended work is kept: " + work);
        }
    }

    private static String sessionOf(@Nullable Attempt attempt) {
        return attempt == null ? "none" : "" + attempt.session.id();
    }

    private static List<Object> views(Coordinator coordinator) {
        List<Object> views = new ArrayList<>();
        views.add(coordinator.workers());
        views.add(coordinator.works());
        views.add(coordinator.nextTimerMillis());
        views.add(coordinator.placement("sample0"));
        views.add(coordinator.queued(Priority.INTERACTIVE));
        views.add(coordinator.queued(Priority.BACKGROUND));
        views.add(coordinator.inFlight());
        views.add(coordinator.oldestQueuedMillis(0));
        return views;
    }
}
