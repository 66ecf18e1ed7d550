package io.weir.workcoord.sim;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.coordinator.Coordinator;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import io.weir.workcoord.coordinator.Priority;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** An API process: the real coordinator and a shell that discovers, dials and fetches. */
final class SimApi extends SimNode {
    record Logged(CoordinatorEvent event, long atMillis, List<CoordinatorEffect> effects) {}

    Coordinator coordinator;
    private ApiChecks checks;
    private final List<Logged> log = new ArrayList<>();
    /** Where discovery says a worker is. */
    private final Map<SimWorker, String> addresses = new LinkedHashMap<>();
    /** The newest stream to a worker, dialled or open. */
    private final Map<SimWorker, SimSession> links = new LinkedHashMap<>();
    /** Streams whose hello has come. */
    private final TreeMap<Long, SimSession> open = new TreeMap<>();

    private final Set<String> running = new LinkedHashSet<>();
    /** Which session announced the artifact that a fetch is for. */
    private final Map<String, SimSession> owners = new HashMap<>();

    SimApi(SimWorld world, String name) {
        super(world, name);
        this.coordinator = new Coordinator(world.setting.limits());
        this.checks = new ApiChecks(this, world.setting.limits());
    }

    void start() {
        for (SimWorker worker : world.workers) {
            long found = world.happens(Fault.SLOW_DISCOVERY, world.faults) ? world.faults.below(5_000) : 0;
            discover(worker, found + (world.setting.latencyMillis() == 0 ? 0 : world.faults.below(50)));
        }
    }

    /** The worker's address becomes known after a while: the one it has then, as no discovery goes back to an older one. */
    void discover(SimWorker worker, long delayMillis) {
        int ofEpoch = epoch;
        world.clock.after(
                delayMillis,
                () -> inProcess(ofEpoch, () -> {
                    String address = worker.address;
                    addresses.put(worker, address);
                    SimSession link = links.get(worker);
                    if (link == null || !link.address.equals(address)) {
                        dial(worker, false);
                    }
                }));
    }

    void heal() {
        resume();
        if (!alive) {
            restart();
        }
        world.workers.forEach(worker -> discover(worker, 0));
    }

    void crash() {
        if (!alive) {
            return;
        }
        alive = false;
        boolean silent = world.faults.half();
        List<SimSession> streams = new ArrayList<>(open.values());
        links.values().stream().filter(link -> !open.containsKey(link.id)).forEach(streams::add);
        streams.forEach(stream -> stream.breakFor(false, !silent, "API died"));
        addresses.clear();
        links.clear();
        open.clear();
        running.forEach(query -> world.ended(query, FailureKind.CANCELED));
        running.clear();
        owners.clear();
        world.clock.after(world.faults.below(4_000), () -> {
            if (!alive) {
                restart();
            }
        });
    }

    private void restart() {
        restarted();
        coordinator = new Coordinator(world.setting.limits());
        checks = new ApiChecks(this, world.setting.limits());
        log.clear();
        start();
    }

    boolean isIdle() {
        return alive && running.isEmpty() && coordinator.worksTracked() == 0;
    }

    /** Whether every worker is connected, as far as the limit allows. */
    boolean isConnected() {
        return checks.liveWorkers()
                == Math.min(
                        world.setting.size().workers(), world.setting.limits().workersMax());
    }

    // The shell.

    private void redial(SimWorker worker) {
        int ofEpoch = epoch;
        world.clock.after(100 + world.network.choices.below(900), () -> inProcess(ofEpoch, () -> dial(worker, false)));
    }

    private void dial(SimWorker worker, boolean beside) {
        if (links.containsKey(worker) && !beside && links.get(worker).address.equals(addresses.get(worker))) {
            return;
        }
        if (!worker.alive || !worker.address.equals(addresses.get(worker))) {
            redial(worker);
            return;
        }
        SimSession session = new SimSession(world, this, worker, ++world.sessions);
        links.put(worker, session);
        session.toWorker(new AgentEvent.SessionOpened(session.id, name + "#" + epoch, session.id, 1_000));
        int ofEpoch = epoch;
        world.clock.after(
                3_000,
                () -> inProcess(ofEpoch, () -> {
                    if (links.get(worker) == session && !open.containsKey(session.id)) {
                        session.apiGaveUp = true;
                        session.breakFor(false, world.network.choices.half(), "no hello");
                        links.remove(worker);
                        redial(worker);
                    }
                }));
        if (world.happens(Fault.SECOND_DIAL, world.faults)) {
            world.clock.after(
                    world.faults.below(2_000),
                    () -> inProcess(ofEpoch, () -> {
                        if (links.get(worker) == session) {
                            dial(worker, true);
                        }
                    }));
        }
    }

    void receive(int ofEpoch, CoordinatorEvent event, SimSession session) {
        inProcess(ofEpoch, () -> {
            if (event instanceof CoordinatorEvent.SessionOpened) {
                if (session.apiGaveUp) {
                    return;
                }
                open.put(session.id, session);
            }
            step(event);
        });
    }

    void sessionEnded(SimSession session, CoordinatorEvent.SessionClosed closed) {
        inProcess(session.apiEpoch, () -> {
            session.apiGaveUp = true;
            if (links.remove(session.worker, session)) {
                redial(session.worker);
            }
            if (open.remove(session.id) != null) {
                step(closed);
            }
        });
    }

    void submit(String queryId, int units, String tenant, long timeoutMillis, Priority priority) {
        inProcess(epoch, () -> {
            List<CoordinatorEvent.Unit> list = new ArrayList<>();
            for (int i = 0; i < units; i++) {
                list.add(new CoordinatorEvent.Unit(
                        i % 3, queryId + "/w" + i, "tenant/shard" + world.workload.below(16)));
            }
            world.submitted.add(queryId);
            step(new CoordinatorEvent.Submit(queryId, tenant, now() + timeoutMillis, list, priority));
        });
    }

    void cancel(String queryId) {
        inProcess(epoch, () -> {
            if (running.contains(queryId)) {
                ended(queryId, FailureKind.CANCELED);
                step(new CoordinatorEvent.CancelQuery(queryId, "client went away"));
            }
        });
    }

    private void ended(String queryId, FailureKind kind) {
        running.remove(queryId);
        world.ended(queryId, kind);
    }

    @Override
    void tick() {
        step(new CoordinatorEvent.Tick());
    }

    private void step(CoordinatorEvent event) {
        long now = now();
        List<CoordinatorEffect> effects = world.guard(() -> coordinator.handle(event, now));
        long number = world.stepped(this, event, effects);
        if (world.replays) {
            log.add(new Logged(event, now, effects));
        }
        if (event instanceof CoordinatorEvent.Ready ready && open.containsKey(ready.session())) {
            SimSession session = open.get(ready.session());
            for (CoordinatorEffect effect : effects) {
                if (effect instanceof CoordinatorEffect.StartFetch) {
                    owners.put(key(ready.workId(), ready.attempt()), session);
                }
            }
        }
        checks.after(event, effects, now, coordinator);
        if (number % world.sweepEvery == 0) {
            checks.sweep(coordinator);
        }
        for (CoordinatorEffect effect : effects) {
            execute(effect);
        }
        long next = coordinator.nextTimerMillis();
        if (next <= now) {
            throw new Violation(Invariant.L2, "the next timer is in the past: " + next + " at " + now);
        }
        wantTick(next);
    }

    private static String key(String workId, int attempt) {
        return workId + "@" + attempt;
    }

    private void execute(CoordinatorEffect effect) {
        switch (effect) {
            case CoordinatorEffect.SendAssign assign ->
                send(
                        assign.session(),
                        new AgentEvent.Assigned(
                                assign.session(),
                                assign.workId(),
                                assign.attempt(),
                                assign.queryId(),
                                assign.leafId(),
                                assign.deadlineRemainingMillis()));
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
                    session.apiGaveUp = true;
                    session.breakFor(false, true, close.message());
                    if (links.remove(session.worker, session)) {
                        redial(session.worker);
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
            case CoordinatorEffect.Commit commit -> commit(commit);
            case CoordinatorEffect.SubmitAccepted accepted -> {
                running.add(accepted.queryId());
                world.worksMax = Math.max(world.worksMax, coordinator.worksTracked());
            }
            case CoordinatorEffect.SubmitRefused refused -> world.ended(refused.queryId(), refused.kind());
            case CoordinatorEffect.QueryCompleted completed -> {
                running.remove(completed.queryId());
                world.completed(completed.queryId());
            }
            case CoordinatorEffect.QueryFailed failed -> ended(failed.queryId(), failed.kind());
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

    /** The artifact that is committed came from the incarnation and session that owns the work now. */
    private void commit(CoordinatorEffect.Commit commit) {
        SimSession owner = owners.remove(key(commit.workId(), commit.attempt()));
        if (owner == null || !open.containsKey(owner.id) || !owner.worker.name.equals(commit.workerId())) {
            throw new Violation(Invariant.I5, "the artifact's session is gone or another: " + commit);
        }
    }

    private void fetch(CoordinatorEffect.StartFetch fetch) {
        SimSession session = owners.get(key(fetch.workId(), fetch.attempt()));
        if (session == null) {
            throw new Violation(Invariant.I5, "a fetch from a closed session: " + fetch);
        }
        int ofEpoch = epoch;
        boolean reachable = !world.network.separates(this, session.worker);
        long arrival = reachable ? world.network.arrivalMillis(session.worker, this) : world.clock.nowMillis() + 2_000;
        if (world.happens(Fault.SLOW_FETCH, world.execution)) {
            arrival += world.execution.below(2_000);
        }
        world.clock.at(
                arrival,
                fetch,
                fetch,
                () -> inProcess(ofEpoch, () -> {
                    boolean served =
                            reachable && session.worker.serves(session.workerEpoch, fetch.workId(), fetch.attempt());
                    if (served && world.happens(Fault.CORRUPTION, world.execution)) {
                        step(new CoordinatorEvent.FetchFailed(
                                fetch.workId(), fetch.attempt(), FailureKind.CHECKSUM_MISMATCH, "corrupt"));
                    } else if (served && !world.happens(Fault.FETCH_FAILURE, world.execution)) {
                        step(new CoordinatorEvent.Fetched(fetch.workId(), fetch.attempt()));
                    } else {
                        step(new CoordinatorEvent.FetchFailed(
                                fetch.workId(), fetch.attempt(), FailureKind.FETCH_FAILED, "fetch"));
                    }
                }));
    }

    /** Compares every piece of work. */
    void sweep() {
        if (alive) {
            checks.sweep(coordinator);
        }
    }

    /** The same events give the same effects to a coordinator whose views nobody reads. */
    void replay() {
        Coordinator again = new Coordinator(world.setting.limits());
        for (Logged logged : log) {
            if (!again.handle(logged.event(), logged.atMillis()).equals(logged.effects())) {
                throw new Violation(Invariant.I13, name + " does otherwise when " + logged.event() + " is replayed");
            }
        }
    }

    String describe() {
        return "[live " + coordinator.workers().size() + "/"
                + world.setting.size().workers() + " q " + coordinator.queued(Priority.INTERACTIVE) + "+"
                + coordinator.queued(Priority.BACKGROUND) + " fly " + coordinator.inFlight()
                + "]";
    }
}
