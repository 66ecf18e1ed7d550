package io.weir.workcoord.sim;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.agent.AgentEffect;
import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.agent.AgentLimits;
import io.weir.workcoord.agent.TaskState;
import io.weir.workcoord.agent.WorkerAgent;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A worker process: the real agent, executions that take time and fail, a spool, and the invariants of this end. */
final class SimWorker extends SimNode {
    static final long DRAIN_MILLIS_MAX = 15_000;

    record Logged(AgentEvent event, long atMillis, List<AgentEffect> effects) {}

    WorkerAgent agent;
    final List<Logged> log = new ArrayList<>();
    final Set<String> artifacts = new LinkedHashSet<>();
    private final Map<Long, SimSession> streams = new HashMap<>();
    private final Set<String> executing = new HashSet<>();
    private final Set<String> stopped = new HashSet<>();
    private final Set<Long> open = new HashSet<>();
    private long drainBegunMillis;
    private boolean everPaused;

    SimWorker(SimWorld world, String name) {
        super(world, name);
        this.agent = new WorkerAgent(limits());
    }

    private AgentLimits limits() {
        int slots = world.faults.slots();
        return new AgentLimits(HeartbeatLimits.DEFAULT, slots, 3 * slots, 8, DRAIN_MILLIS_MAX);
    }

    void connected(SimSession session) {
        streams.put(session.id, session);
    }

    void crash() {
        if (alive) {
            die(world.random.nextBoolean());
            world.clock.after(world.random.nextInt(6_000), this::start);
        }
    }

    private void die(boolean peersLearn) {
        alive = false;
        for (SimSession session : List.copyOf(streams.values())) {
            session.breakFor(peersLearn, false, "worker died");
        }
        streams.clear();
        open.clear();
        artifacts.clear();
        executing.clear();
        stopped.clear();
    }

    private void start() {
        if (!alive) {
            restarted();
            log.clear();
            agent = new WorkerAgent(limits());
        }
    }

    void heal() {
        pausedUntilMillis = 0;
        start();
        storage(true);
    }

    void drain() {
        inProcess(epoch, () -> {
            if (!agent.isDraining()) {
                drainBegunMillis = world.clock.nowMillis();
            }
            step(new AgentEvent.DrainBegun());
        });
    }

    void storage(boolean accepts) {
        inProcess(epoch, () -> step(new AgentEvent.AcceptingChanged(accepts)));
    }

    void receive(int ofEpoch, AgentEvent event) {
        inProcess(ofEpoch, () -> {
            if (event instanceof AgentEvent.SessionOpened opened) {
                SimSession stream = streams.get(opened.session());
                if (stream == null || stream.broken) {
                    return;
                }
                open.add(opened.session());
            }
            if (event instanceof AgentEvent.SessionClosed closed) {
                streams.remove(closed.session());
                open.remove(closed.session());
            }
            step(event);
        });
    }

    private void step(AgentEvent event) {
        long now = world.clock.nowMillis();
        everPaused |= pausedUntilMillis != 0;
        List<AgentEffect> effects = agent.handle(event, now);
        world.steps++;
        log.add(new Logged(event, now, effects));
        world.trace.add(new SimWorld.Line(now, name, event, effects));
        for (AgentEffect effect : effects) {
            if (effect instanceof AgentEffect.Send send) {
                world.check(
                        open.contains(send.session()) || !alive, "I3 effect to a session that is not live: " + effect);
            }
            execute(effect);
        }
        if (alive) {
            checkState();
            scheduleTick(agent.nextTimerMillis(), () -> step(new AgentEvent.Tick()));
            world.check(agent.nextTimerMillis() > now, "the next timer is not in the past");
        }
    }

    private void execute(AgentEffect effect) {
        switch (effect) {
            case AgentEffect.SendHello hello ->
                send(
                        hello.session(),
                        new CoordinatorEvent.SessionOpened(
                                hello.session(),
                                name,
                                name + "#" + epoch,
                                "address-of-" + name,
                                hello.status().acceptingWork(),
                                hello.status().draining(),
                                hello.status().credits()));
            case AgentEffect.SendStatus status ->
                send(
                        status.session(),
                        new CoordinatorEvent.StatusReceived(
                                status.session(),
                                status.status().acceptingWork(),
                                status.status().draining(),
                                status.status().credits()));
            case AgentEffect.SendAccepted accepted ->
                send(
                        accepted.session(),
                        new CoordinatorEvent.Accepted(accepted.session(), accepted.workId(), accepted.attempt()));
            case AgentEffect.SendRejected rejected -> {
                world.check(!agent.acceptsWork(), "a worker rejects only while it does not accept work: " + rejected);
                send(
                        rejected.session(),
                        new CoordinatorEvent.Rejected(
                                rejected.session(), rejected.workId(), rejected.attempt(), rejected.reason()));
            }
            case AgentEffect.SendReady ready -> {
                world.check(artifacts.contains(ready.workId() + "@" + ready.attempt()), "ready without an artifact");
                send(
                        ready.session(),
                        new CoordinatorEvent.Ready(
                                ready.session(),
                                ready.workId().substring(0, ready.workId().indexOf('/')),
                                Integer.parseInt(ready.workId()
                                                .substring(ready.workId().indexOf("/w") + 2))
                                        % 3,
                                ready.workId(),
                                ready.attempt(),
                                "checksum"));
                if (world.happens(world.faults.artifactLostPerMille())) {
                    lose(ready);
                }
            }
            case AgentEffect.SendFailed failed ->
                send(
                        failed.session(),
                        new CoordinatorEvent.Failed(
                                failed.session(), failed.workId(), failed.attempt(), failed.kind(), failed.message()));
            case AgentEffect.SendHeartbeat heartbeat ->
                send(
                        heartbeat.session(),
                        new CoordinatorEvent.HeartbeatReceived(
                                heartbeat.session(), heartbeat.sequence(), heartbeat.reply()));
            case AgentEffect.CloseSession close -> {
                open.remove(close.session());
                SimSession stream = streams.remove(close.session());
                if (stream != null) {
                    // An orderly end delivers what was sent before it.
                    world.clock.after(
                            close.reason() == AgentEffect.CloseReason.DRAINED ? 2_000 : 0,
                            () -> stream.breakFor(true, false, close.message()));
                }
            }
            case AgentEffect.StartExecution start -> start(start);
            case AgentEffect.CancelExecution cancel -> {
                String key = cancel.workId() + "@" + cancel.attempt();
                // It may have ended in this very step, as the session expired.
                if (!executing.contains(key)) {
                    return;
                }
                stopped.add(key);
                if (!world.happens(world.faults.ignoreCancelPerMille())) {
                    finish(cancel.workId(), cancel.attempt(), world.random.nextInt(20));
                }
            }
            case AgentEffect.DiscardArtifact discard ->
                world.check(
                        artifacts.remove(discard.workId() + "@" + discard.attempt()), "discard of a missing artifact");
            case AgentEffect.AcknowledgeArtifact acknowledged ->
                world.check(
                        artifacts.remove(acknowledged.workId() + "@" + acknowledged.attempt()),
                        "acknowledgement of a missing artifact");
            case AgentEffect.Drained drained -> {
                long took = world.clock.nowMillis() - drainBegunMillis;
                world.check(everPaused || took <= DRAIN_MILLIS_MAX + 1, "L3 drain took " + took + " ms");
                die(true);
                world.clock.after(world.random.nextInt(5_000), this::start);
            }
        }
    }

    private void send(long session, CoordinatorEvent message) {
        SimSession stream = streams.get(session);
        if (stream != null) {
            stream.toApi(message);
        }
    }

    private void start(AgentEffect.StartExecution start) {
        executing.add(start.workId() + "@" + start.attempt());
        world.check(executing.size() <= world.faults.slots(), "more executions than slots");
        finish(start.workId(), start.attempt(), 1 + world.random.nextInt((int) world.faults.executionMillis() * 2));
    }

    private void finish(String workId, int attempt, long delayMillis) {
        int ofEpoch = epoch;
        String key = workId + "@" + attempt;
        world.clock.after(
                delayMillis,
                () -> inProcess(ofEpoch, () -> {
                    if (!executing.remove(key)) {
                        return;
                    }
                    boolean canceled = stopped.remove(key);
                    if (canceled && world.random.nextInt(4) > 0) {
                        step(new AgentEvent.ExecutionFailed(workId, attempt, FailureKind.CANCELED, "canceled"));
                    } else if (world.happens(world.faults.finalFailPerMille())) {
                        step(new AgentEvent.ExecutionFailed(workId, attempt, FailureKind.LIMIT_EXCEEDED, "limit"));
                    } else if (world.happens(world.faults.failPerMille())) {
                        FailureKind kind =
                                world.random.nextBoolean() ? FailureKind.OUT_OF_MEMORY : FailureKind.INTERNAL;
                        step(new AgentEvent.ExecutionFailed(workId, attempt, kind, "failed"));
                    } else {
                        artifacts.add(key);
                        step(new AgentEvent.ExecutionSucceeded(workId, attempt));
                    }
                }));
    }

    private void lose(AgentEffect.SendReady ready) {
        int ofEpoch = epoch;
        world.clock.after(
                world.random.nextInt(50),
                () -> inProcess(ofEpoch, () -> {
                    if (artifacts.remove(ready.workId() + "@" + ready.attempt())) {
                        step(new AgentEvent.ArtifactLost(ready.workId(), ready.attempt(), "evicted"));
                    }
                }));
    }

    private void checkState() {
        Set<Long> live = new HashSet<>();
        int believed = 0;
        for (WorkerAgent.SessionSnapshot session : agent.sessions()) {
            live.add(session.session());
            believed += session.believed();
            world.check(session.held() <= Math.max(1, session.believed()), "an API holds more than its credits");
        }
        world.check(believed <= limits().heldMax(), "I12 credits are given twice");
        int slots = 0;
        for (WorkerAgent.TaskSnapshot task : agent.tasks()) {
            slots += task.state().takesSlot() ? 1 : 0;
            world.check(
                    task.state() == TaskState.CANCELING || live.contains(task.session()),
                    "I10 work of an API that is gone: " + task);
            world.check(task.state() != TaskState.GONE, "what is gone is not tracked");
        }
        world.check(slots == agent.running() && slots == executing.size(), "executions are counted");
        world.check(slots <= world.faults.slots(), "more executions than slots");
        world.check(agent.queued() == 0 || agent.running() == world.faults.slots(), "work waits though a slot is free");
    }

    /** The same events give the same effects. */
    void replay() {
        WorkerAgent again = new WorkerAgent(limits());
        for (Logged logged : log) {
            world.check(again.handle(logged.event(), logged.atMillis()).equals(logged.effects()), "I13 replay differs");
        }
    }
}
