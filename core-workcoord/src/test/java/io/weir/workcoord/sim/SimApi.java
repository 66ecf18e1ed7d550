package io.weir.workcoord.sim;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.coordinator.Coordinator;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import io.weir.workcoord.coordinator.WorkSnapshot;
import io.weir.workcoord.coordinator.WorkState;
import io.weir.workcoord.coordinator.WorkerSnapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** An API process: the real coordinator, a shell that dials and fetches, and the invariants of this end. */
final class SimApi extends SimNode {
    static final CoordinatorLimits LIMITS =
            new CoordinatorLimits(HeartbeatLimits.DEFAULT, 200, 100, 6, 24, 40, 50, 100, 5_000, 20_000);

    record Logged(CoordinatorEvent event, long atMillis, List<CoordinatorEffect> effects) {}

    Coordinator coordinator = new Coordinator(LIMITS);
    final List<Logged> log = new ArrayList<>();
    private final Map<SimWorker, SimSession> links = new LinkedHashMap<>();
    private final Map<Long, SimSession> open = new HashMap<>();
    /** Queries that run, by what this process has been told. */
    private final Map<String, Set<String>> running = new LinkedHashMap<>();

    private final Set<String> over = new HashSet<>();
    private final Set<String> committed = new HashSet<>();
    private final Map<String, Integer> latestAttempt = new HashMap<>();
    private final Map<String, Long> latestSession = new HashMap<>();
    private boolean everPaused;

    SimApi(SimWorld world, String name) {
        super(world, name);
    }

    void start() {
        for (SimWorker worker : world.workers) {
            redial(worker, world.random.nextInt(50));
        }
    }

    void heal() {
        pausedUntilMillis = 0;
        if (!alive) {
            restart();
        }
    }

    void crash() {
        if (!alive) {
            return;
        }
        alive = false;
        boolean silent = world.random.nextBoolean();
        for (SimSession session : List.copyOf(links.values())) {
            session.breakFor(false, !silent, "API died");
        }
        links.clear();
        open.clear();
        running.keySet()
                .forEach(query ->
                        world.outcomes.put(query, new SimWorld.Outcome(false, FailureKind.CANCELED, "API died")));
        running.clear();
        world.clock.after(world.random.nextInt(4_000), () -> {
            if (!alive) {
                restart();
            }
        });
    }

    private void restart() {
        restarted();
        coordinator = new Coordinator(LIMITS);
        log.clear();
        committed.clear();
        latestAttempt.clear();
        latestSession.clear();
        start();
    }

    boolean isIdle() {
        return alive && running.isEmpty();
    }

    // The shell.

    private void redial(SimWorker worker, long delayMillis) {
        int ofEpoch = epoch;
        world.clock.after(delayMillis, () -> inProcess(ofEpoch, () -> dial(worker)));
    }

    private void dial(SimWorker worker) {
        if (links.containsKey(worker)) {
            return;
        }
        if (!worker.alive) {
            redial(worker, 200 + world.random.nextInt(800));
            return;
        }
        SimSession session = new SimSession(world, this, worker, ++world.sessions);
        links.put(worker, session);
        worker.connected(session);
        session.toWorker(new AgentEvent.SessionOpened(session.id, name + "#" + epoch, session.id, 1_000));
        int ofEpoch = epoch;
        world.clock.after(
                3_000,
                () -> inProcess(ofEpoch, () -> {
                    if (links.get(worker) == session && !open.containsKey(session.id)) {
                        session.breakFor(false, true, "no hello");
                        links.remove(worker);
                        redial(worker, 100);
                    }
                }));
    }

    void receive(int ofEpoch, CoordinatorEvent event) {
        inProcess(ofEpoch, () -> {
            if (event instanceof CoordinatorEvent.SessionOpened opened) {
                SimSession session = links.values().stream()
                        .filter(link -> link.id == opened.session())
                        .findFirst()
                        .orElse(null);
                if (session == null) {
                    return;
                }
                open.put(opened.session(), session);
            }
            step(event);
        });
    }

    void sessionEnded(SimSession session, CoordinatorEvent.SessionClosed closed) {
        inProcess(session.apiEpoch, () -> {
            if (links.remove(session.worker, session)) {
                redial(session.worker, 100 + world.random.nextInt(900));
            }
            if (open.remove(session.id) != null) {
                step(closed);
            }
        });
    }

    void submit(String queryId) {
        inProcess(epoch, () -> {
            int units = 1 + world.random.nextInt(world.faults.unitsMax());
            List<CoordinatorEvent.Unit> list = new ArrayList<>();
            for (int i = 0; i < units; i++) {
                list.add(new CoordinatorEvent.Unit(
                        i % 3, queryId + "/w" + i, "tenant/shard" + world.random.nextInt(16)));
            }
            long timeout = world.random.nextInt(3) == 0 ? 500 + world.random.nextInt(20_000) : 3_600_000;
            world.submitted.add(queryId);
            step(new CoordinatorEvent.Submit(
                    queryId, "t" + world.random.nextInt(3), world.clock.nowMillis() + timeout, list));
            if (world.happens(world.faults.cancelPerMille())) {
                int ofEpoch = epoch;
                world.clock.after(
                        world.random.nextInt(5_000),
                        () -> inProcess(ofEpoch, () -> {
                            if (running.containsKey(queryId)) {
                                ended(queryId, new SimWorld.Outcome(false, FailureKind.CANCELED, "client"));
                                step(new CoordinatorEvent.CancelQuery(queryId, "client went away"));
                            }
                        }));
            }
        });
    }

    private void ended(String queryId, SimWorld.Outcome outcome) {
        running.remove(queryId);
        over.add(queryId);
        world.outcomes.put(queryId, outcome);
    }

    void step(CoordinatorEvent event) {
        long now = world.clock.nowMillis();
        everPaused |= pausedUntilMillis != 0;
        List<CoordinatorEffect> effects = coordinator.handle(event, now);
        world.steps++;
        log.add(new Logged(event, now, effects));
        world.trace.add(new SimWorld.Line(now, name, event, effects));
        Map<Long, WorkerSnapshot> live = new HashMap<>();
        coordinator.workers().forEach(worker -> live.put(worker.session(), worker));
        for (CoordinatorEffect effect : effects) {
            if (effect instanceof CoordinatorEffect.Send send) {
                world.check(live.containsKey(send.session()), "I3 effect to a session that is not live: " + effect);
            }
            execute(effect, live);
        }
        checkState(live, now);
        scheduleTick(Math.max(coordinator.nextTimerMillis(), now), () -> step(new CoordinatorEvent.Tick()));
        world.check(coordinator.nextTimerMillis() > now, "the next timer is not in the past");
    }

    private void execute(CoordinatorEffect effect, Map<Long, WorkerSnapshot> live) {
        switch (effect) {
            case CoordinatorEffect.SendAssign assign -> {
                WorkerSnapshot worker = Objects.requireNonNull(live.get(assign.session()));
                world.check(worker.acceptingWork() && !worker.draining(), "I6 assignment to a worker out of rotation");
                world.check(worker.inFlight() <= worker.credits(), "assignment beyond the worker's credits");
                world.check(running.containsKey(assign.queryId()), "I9 assignment for a query that is over");
                world.check(!committed.contains(assign.workId()), "I2 assignment of committed work");
                int before = latestAttempt.getOrDefault(assign.workId(), 0);
                world.check(assign.attempt() == before + 1, "attempts count up by one");
                latestAttempt.put(assign.workId(), assign.attempt());
                latestSession.put(assign.workId(), assign.session());
                send(
                        assign.session(),
                        new AgentEvent.Assigned(
                                assign.session(),
                                assign.workId(),
                                assign.attempt(),
                                assign.queryId(),
                                assign.leafId(),
                                assign.deadlineRemainingMillis()));
            }
            case CoordinatorEffect.SendCancel cancel ->
                send(
                        cancel.session(),
                        new AgentEvent.CancelReceived(cancel.session(), cancel.workId(), cancel.reason()));
            case CoordinatorEffect.SendAck ack ->
                send(ack.session(), new AgentEvent.AckReceived(ack.session(), ack.workId(), ack.attempt()));
            case CoordinatorEffect.SendHeartbeat heartbeat ->
                send(
                        heartbeat.session(),
                        new AgentEvent.HeartbeatReceived(heartbeat.session(), heartbeat.sequence(), heartbeat.reply()));
            case CoordinatorEffect.CloseSession close -> {
                SimSession session = open.remove(close.session());
                if (session != null) {
                    session.breakFor(false, true, close.message());
                    if (links.remove(session.worker, session)) {
                        redial(session.worker, 100 + world.random.nextInt(900));
                    }
                }
            }
            case CoordinatorEffect.StartFetch fetch -> fetch(fetch);
            case CoordinatorEffect.AbortFetch abort -> {
                // The outcome of an aborted fetch may be under way already; it is ignored when it comes.
            }
            case CoordinatorEffect.DiscardFetched discard -> {
                // Nothing is kept here.
            }
            case CoordinatorEffect.Commit commit -> {
                world.check(committed.add(commit.workId()), "I1 committed twice: " + commit.workId());
                world.check(running.containsKey(commit.queryId()), "I9 commit for a query that is over");
                world.check(
                        latestAttempt.getOrDefault(commit.workId(), 0) == commit.attempt(),
                        "I5 commit of an old attempt");
                world.check(
                        live.containsKey(latestSession.get(commit.workId())), "I5 commit of a dead owner's artifact");
                Objects.requireNonNull(running.get(commit.queryId())).add(commit.workId());
            }
            case CoordinatorEffect.SubmitAccepted accepted -> running.put(accepted.queryId(), new HashSet<>());
            case CoordinatorEffect.SubmitRefused refused ->
                world.outcomes.put(refused.queryId(), new SimWorld.Outcome(false, refused.kind(), refused.message()));
            case CoordinatorEffect.QueryCompleted completed -> {
                world.check(running.containsKey(completed.queryId()), "I2 a query ends once");
                ended(completed.queryId(), new SimWorld.Outcome(true, FailureKind.INTERNAL, "completed"));
            }
            case CoordinatorEffect.QueryFailed failed -> {
                world.check(running.containsKey(failed.queryId()), "I2 a query ends once");
                ended(failed.queryId(), new SimWorld.Outcome(false, failed.kind(), failed.message()));
            }
            case CoordinatorEffect.Count count -> {
                // For metrics only.
            }
        }
    }

    private void send(long session, AgentEvent message) {
        SimSession stream = open.get(session);
        if (stream != null) {
            stream.toWorker(message);
        }
    }

    private void fetch(CoordinatorEffect.StartFetch fetch) {
        SimSession session =
                Objects.requireNonNull(open.get(latestSession.get(fetch.workId())), "I5 fetch from a closed session");
        int ofEpoch = epoch;
        int workerEpoch = session.workerEpoch;
        SimWorker worker = session.worker;
        world.clock.after(
                world.latency(),
                () -> inProcess(ofEpoch, () -> {
                    boolean served = worker.alive
                            && worker.epoch == workerEpoch
                            && worker.artifacts.contains(fetch.workId() + "@" + fetch.attempt());
                    if (served && !world.happens(world.faults.fetchFailPerMille())) {
                        step(new CoordinatorEvent.Fetched(fetch.workId(), fetch.attempt()));
                    } else {
                        FailureKind kind =
                                world.random.nextBoolean() ? FailureKind.FETCH_FAILED : FailureKind.CHECKSUM_MISMATCH;
                        step(new CoordinatorEvent.FetchFailed(fetch.workId(), fetch.attempt(), kind, "fetch"));
                    }
                }));
    }

    // What must hold after every step.

    private void checkState(Map<Long, WorkerSnapshot> live, long now) {
        int queued = 0;
        Map<Long, Integer> inFlight = new HashMap<>();
        for (WorkSnapshot work : coordinator.works()) {
            world.check(running.containsKey(work.queryId()), "I9 work of a query that is over is tracked");
            world.check(
                    work.state() != WorkState.FAILED && work.state() != WorkState.CANCELED, "I2 ended work is tracked");
            world.check((work.state() == WorkState.COMMITTED) == committed.contains(work.workId()), "I2 commits stay");
            world.check(
                    work.state().isOwned() ? live.containsKey(work.session()) : work.session() == 0,
                    "I4 owner of " + work + " is not live");
            world.check(work.attempt() <= LIMITS.assignmentsMax(), "I12 assignments");
            world.check(work.failures() < LIMITS.attemptsMax(), "I12 attempts");
            queued += work.state() == WorkState.QUEUED ? 1 : 0;
            if (work.state().takesCredit()) {
                inFlight.merge(work.session(), 1, Integer::sum);
            }
        }
        world.check(queued == coordinator.queued(), "I4 every piece of work without owner is in the queue");
        world.check(coordinator.worksTracked() <= LIMITS.worksMax(), "I12 works");
        boolean room = false;
        for (WorkerSnapshot worker : live.values()) {
            world.check(inFlight.getOrDefault(worker.session(), 0) == worker.inFlight(), "credits in use are counted");
            room |= worker.acceptingWork() && !worker.draining() && worker.inFlight() < worker.credits();
            long silence = now - worker.lastHeardMillis();
            world.check(everPaused || silence < LIMITS.heartbeat().silenceMillis(), "L4 silence is detected in time");
        }
        if (room) {
            for (WorkSnapshot work : coordinator.works()) {
                world.check(
                        work.state() != WorkState.QUEUED || work.attempt() > 0,
                        "L5 new work waits though there is room");
            }
        }
    }

    /** The same events give the same effects. */
    void replay() {
        Coordinator again = new Coordinator(LIMITS);
        for (Logged logged : log) {
            world.check(again.handle(logged.event(), logged.atMillis()).equals(logged.effects()), "I13 replay differs");
        }
    }
}
