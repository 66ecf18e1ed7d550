package io.weir.workcoord.sim;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.agent.AgentEffect;
import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.agent.AgentLimits;
import io.weir.workcoord.agent.TaskKey;
import io.weir.workcoord.agent.TaskState;
import io.weir.workcoord.agent.WorkerAgent;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A worker process: the real agent, executions that take time and fail, and a spool of artifacts. */
final class SimWorker extends SimNode {
    static final long DRAIN_MILLIS_MAX = 10_000;
    static final long TTL_MILLIS = 12_000;
    static final long GRACE_MILLIS = 500;

    record Logged(AgentEvent event, long atMillis, List<AgentEffect> effects) {}

    String address;
    WorkerAgent agent;
    private WorkerChecks checks;
    private final List<Logged> log = new ArrayList<>();
    private final Map<Long, SimSession> streams = new HashMap<>();
    /** Executions, with whether they were told to stop. */
    private final Map<TaskKey, Boolean> executing = new LinkedHashMap<>();
    /** Artifacts in the spool, oldest first, with whether they are acknowledged. */
    private final Map<TaskKey, Boolean> spool = new LinkedHashMap<>();

    private long drainBegunMillis;
    private int drainStalls;

    SimWorker(SimWorld world, String name) {
        super(world, name);
        this.address = "address-of-" + name;
        this.agent = new WorkerAgent(limits());
        this.checks = new WorkerChecks(this, limits());
    }

    private AgentLimits limits() {
        int slots = world.setting.size().slots();
        return new AgentLimits(HeartbeatLimits.DEFAULT, slots, 3 * slots, 8, DRAIN_MILLIS_MAX);
    }

    void crash() {
        if (alive) {
            die(world.faults.half());
            world.clock.after(world.faults.below(6_000), this::start);
        }
    }

    /** All its streams break. */
    void breakStreams(boolean apisLearn, boolean workerLearns) {
        for (SimSession session : List.copyOf(streams.values())) {
            session.breakFor(apisLearn, workerLearns, "network");
        }
    }

    /** The process is gone, with its artifacts. */
    private void die(boolean peersLearn) {
        alive = false;
        for (SimSession session : List.copyOf(streams.values())) {
            session.breakFor(peersLearn, false, "worker died");
        }
        streams.clear();
        executing.clear();
        spool.clear();
    }

    private void start() {
        if (alive) {
            return;
        }
        restarted();
        log.clear();
        agent = new WorkerAgent(limits());
        checks = new WorkerChecks(this, limits());
        if (world.happens(Fault.ADDRESS_CHANGE, world.faults)) {
            address = "address-of-" + name + "-" + epoch;
            for (SimApi api : world.apis) {
                api.discover(this, world.faults.below(3_000));
            }
        }
    }

    void heal() {
        resume();
        start();
        storage(true);
    }

    void drain() {
        inProcess(epoch, () -> {
            if (!agent.isDraining()) {
                drainBegunMillis = now();
                drainStalls = stalls;
            }
            step(new AgentEvent.DrainBegun());
        });
    }

    void storage(boolean accepts) {
        inProcess(epoch, () -> step(new AgentEvent.AcceptingChanged(accepts)));
    }

    boolean serves(int ofEpoch, String workId, int attempt) {
        return alive && epoch == ofEpoch && spool.containsKey(new TaskKey(workId, attempt));
    }

    boolean isIdle() {
        return alive && agent.tasks().isEmpty() && spool.isEmpty() && executing.isEmpty();
    }

    void receive(int ofEpoch, AgentEvent event, SimSession stream) {
        inProcess(ofEpoch, () -> {
            if (event instanceof AgentEvent.SessionOpened) {
                streams.put(stream.id, stream);
            }
            if (event instanceof AgentEvent.SessionClosed) {
                streams.remove(stream.id);
            }
            step(event);
        });
    }

    @Override
    void tick() {
        step(new AgentEvent.Tick());
    }

    private void step(AgentEvent event) {
        long now = now();
        List<AgentEffect> effects = world.guard(() -> agent.handle(event, now));
        world.stepped(this, event, effects);
        if (world.replays) {
            log.add(new Logged(event, now, effects));
        }
        checks.after(event, effects, now, agent);
        for (AgentEffect effect : effects) {
            execute(effect);
        }
        if (alive) {
            checkProcess();
            long next = agent.nextTimerMillis();
            if (next <= now) {
                throw new Violation(Invariant.L2, "the next timer is in the past: " + next + " at " + now);
            }
            wantTick(next);
        }
    }

    /** What the agent believes is what the process does. */
    private void checkProcess() {
        int running = 0;
        int ready = 0;
        for (WorkerAgent.TaskSnapshot task : agent.tasks()) {
            TaskKey key = new TaskKey(task.workId(), task.attempt());
            if (task.state().takesSlot()) {
                running++;
                Boolean stopped = executing.get(key);
                if (stopped == null || stopped != (task.state() != TaskState.RUNNING)) {
                    throw new Violation(Invariant.I10, "runs, told to stop " + stopped + ": " + task);
                }
            } else if (task.state() == TaskState.READY) {
                ready++;
                if (!Boolean.FALSE.equals(spool.get(key))) {
                    throw new Violation(Invariant.I11, "the artifact is gone: " + task);
                }
            }
        }
        if (running != executing.size()) {
            throw new Violation(Invariant.I10, "executions nobody knows: " + executing.keySet());
        }
        int kept = 0;
        for (boolean acknowledged : spool.values()) {
            kept += acknowledged ? 0 : 1;
        }
        if (kept != ready) {
            throw new Violation(Invariant.I11, "artifacts nobody knows: " + spool);
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
                                address,
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
            case AgentEffect.SendRejected rejected ->
                send(
                        rejected.session(),
                        new CoordinatorEvent.Rejected(
                                rejected.session(), rejected.workId(), rejected.attempt(), rejected.reason()));
            case AgentEffect.SendReady ready -> ready(ready);
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
                TaskKey key = new TaskKey(cancel.workId(), cancel.attempt());
                executing.replace(key, true);
                if (!world.happens(Fault.IGNORE_CANCEL, world.execution)) {
                    finish(key, world.execution.below(20));
                }
            }
            case AgentEffect.DiscardArtifact discard -> {
                if (spool.remove(new TaskKey(discard.workId(), discard.attempt())) == null) {
                    throw new Violation(Invariant.I11, "there is no artifact: " + discard);
                }
            }
            case AgentEffect.AcknowledgeArtifact acknowledged -> {
                TaskKey key = new TaskKey(acknowledged.workId(), acknowledged.attempt());
                if (!Boolean.FALSE.equals(spool.replace(key, true))) {
                    throw new Violation(Invariant.I11, "there is no artifact: " + acknowledged);
                }
                int ofEpoch = epoch;
                world.clock.after(GRACE_MILLIS, () -> inProcess(ofEpoch, () -> spool.remove(key)));
            }
            case AgentEffect.Drained drained -> {
                long took = now() - drainBegunMillis;
                if (drainStalls == stalls && took > DRAIN_MILLIS_MAX) {
                    throw new Violation(Invariant.L3, "the drain took " + took + " ms");
                }
                die(true);
                world.clock.after(world.faults.below(5_000), this::start);
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
        TaskKey key = new TaskKey(start.workId(), start.attempt());
        if (executing.put(key, false) != null
                || executing.size() > world.setting.size().slots()) {
            throw new Violation(Invariant.I12, "more executions than slots: " + executing.keySet());
        }
        long mean = world.setting.executionMillis();
        long takes = mean == 0 ? 1 : world.execution.upTo((int) mean * 2);
        finish(key, world.happens(Fault.SLOW_EXECUTION, world.execution) ? takes * 10 : takes);
    }

    private void finish(TaskKey key, long delayMillis) {
        int ofEpoch = epoch;
        world.clock.at(
                world.clock.nowMillis() + delayMillis,
                key,
                key,
                () -> inProcess(ofEpoch, () -> {
                    Boolean stopped = executing.remove(key);
                    if (stopped != null) {
                        step(outcome(key, stopped));
                    }
                }));
    }

    private AgentEvent outcome(TaskKey key, boolean stopped) {
        // What is told to stop may be done already.
        if (stopped && world.execution.below(4) > 0) {
            return new AgentEvent.ExecutionFailed(key.workId(), key.attempt(), FailureKind.CANCELED, "canceled");
        }
        if (world.happens(Fault.FAIL_FINAL, world.execution)) {
            return new AgentEvent.ExecutionFailed(key.workId(), key.attempt(), FailureKind.LIMIT_EXCEEDED, "limit");
        }
        if (world.happens(Fault.FAIL, world.execution)) {
            FailureKind kind = world.execution.half() ? FailureKind.OUT_OF_MEMORY : FailureKind.DISK_FULL;
            return new AgentEvent.ExecutionFailed(key.workId(), key.attempt(), kind, "failed");
        }
        spool.put(key, false);
        return new AgentEvent.ExecutionSucceeded(key.workId(), key.attempt());
    }

    private void ready(AgentEffect.SendReady ready) {
        TaskKey key = new TaskKey(ready.workId(), ready.attempt());
        if (!Boolean.FALSE.equals(spool.get(key))) {
            throw new Violation(Invariant.I5, "announced without an artifact: " + ready);
        }
        int ofEpoch = epoch;
        world.clock.after(TTL_MILLIS, () -> inProcess(ofEpoch, () -> lose(key, "expired")));
        if (world.happens(Fault.EVICTION, world.execution)) {
            world.clock.after(world.execution.below(100), () -> inProcess(ofEpoch, this::evict));
        }
        int slash = ready.workId().indexOf("/w");
        send(
                ready.session(),
                new CoordinatorEvent.Ready(
                        ready.session(),
                        ready.workId().substring(0, slash),
                        Integer.parseInt(ready.workId().substring(slash + 2)) % 3,
                        ready.workId(),
                        ready.attempt(),
                        "checksum"));
    }

    /** The disk is full: an acknowledged artifact goes first, else the oldest. */
    private void evict() {
        for (Map.Entry<TaskKey, Boolean> artifact : spool.entrySet()) {
            if (artifact.getValue()) {
                spool.remove(artifact.getKey());
                return;
            }
        }
        if (!spool.isEmpty()) {
            lose(spool.keySet().iterator().next(), "evicted");
        }
    }

    private void lose(TaskKey key, String reason) {
        if (Boolean.FALSE.equals(spool.get(key))) {
            spool.remove(key);
            step(new AgentEvent.ArtifactLost(key.workId(), key.attempt(), reason));
        }
    }

    /** The same events give the same effects to an agent whose views nobody reads. */
    void replay() {
        WorkerAgent again = new WorkerAgent(limits());
        for (Logged logged : log) {
            if (!again.handle(logged.event(), logged.atMillis()).equals(logged.effects())) {
                throw new Violation(Invariant.I13, name + " does otherwise when " + logged.event() + " is replayed");
            }
        }
    }

    String describe() {
        return "[apis " + agent.sessions().size() + " run " + agent.running() + " q " + agent.queued() + " spool "
                + spool.size() + (agent.isDraining() ? " draining" : "") + "]";
    }
}
