package io.weir.workcoord.agent;

import io.weir.workcoord.Check;
import io.weir.workcoord.FailureKind;
import io.weir.workcoord.StallDetector;
import io.weir.workcoord.agent.AgentEffect.AcknowledgeArtifact;
import io.weir.workcoord.agent.AgentEffect.CancelExecution;
import io.weir.workcoord.agent.AgentEffect.CloseReason;
import io.weir.workcoord.agent.AgentEffect.CloseSession;
import io.weir.workcoord.agent.AgentEffect.DiscardArtifact;
import io.weir.workcoord.agent.AgentEffect.Drained;
import io.weir.workcoord.agent.AgentEffect.SendAccepted;
import io.weir.workcoord.agent.AgentEffect.SendFailed;
import io.weir.workcoord.agent.AgentEffect.SendHeartbeat;
import io.weir.workcoord.agent.AgentEffect.SendHello;
import io.weir.workcoord.agent.AgentEffect.SendReady;
import io.weir.workcoord.agent.AgentEffect.SendRejected;
import io.weir.workcoord.agent.AgentEffect.SendStatus;
import io.weir.workcoord.agent.AgentEffect.StartExecution;
import io.weir.workcoord.agent.AgentEffect.Status;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The worker's end of work coordination: which APIs are connected, what of theirs waits, runs and is finished here, and the
 * orderly end. A function of events like {@link io.weir.workcoord.coordinator.Coordinator}. Not thread-safe: one owner.
 *
 * <p>Guarantees: never more executions than slots; work is refused only while the worker does not accept work (or by an
 * API that exceeds its credits, which is a defect of that API); nothing runs for an API that is gone; a started execution
 * is accounted for until it ends.
 */
public final class WorkerAgent {
    private static final Comparator<ApiSession> TURN = Comparator.<ApiSession>comparingInt(session -> session.running)
            .thenComparingLong(session -> session.lastServed);

    private final AgentLimits limits;
    private final CreditPool credits;
    /** By session, oldest first. */
    private final TreeMap<Long, ApiSession> sessions = new TreeMap<>();

    private final Map<TaskKey, Task> tasks = new LinkedHashMap<>();
    private final StallDetector stalls;
    private List<AgentEffect> effects = new ArrayList<>();
    private boolean storageAccepts = true;
    private boolean draining;
    private boolean drained;
    private long drainDueMillis = Long.MAX_VALUE;
    private int running;
    private int queued;
    private long turn;

    public WorkerAgent(AgentLimits limits) {
        this.limits = limits;
        this.credits = new CreditPool(limits.creditsTotal());
        this.stalls = new StallDetector(limits.heartbeat().intervalMillis() * 3 / 2);
    }

    /**
     * Takes one event at a time that never goes backwards and returns the effects, in the order they have to happen.
     *
     * @throws IllegalStateException if the shell breaks the contract or this class is broken
     */
    public List<AgentEffect> handle(AgentEvent event, long nowMillis) {
        effects = new ArrayList<>();
        long stalledMillis = stalls.step(nowMillis, !sessions.isEmpty());
        sessions.values().forEach(session -> session.heartbeat.forgive(stalledMillis));
        if (event instanceof AgentEvent.OfSession message) {
            ApiSession session = sessions.get(message.session());
            if (session != null) {
                session.heartbeat.heard(nowMillis);
            }
        }
        expireSilent(nowMillis);
        apply(event, nowMillis);
        enforceDeadlines(nowMillis);
        settleCredits();
        startQueued();
        // Several sessions may end in one step; what was meant for the later ones goes. A drain ends orderly instead.
        effects.removeIf(effect -> effect instanceof AgentEffect.Send send && !sessions.containsKey(send.session()));
        finishDrain(nowMillis);
        sendHeartbeats(nowMillis);
        return effects;
    }

    private void apply(AgentEvent event, long nowMillis) {
        switch (event) {
            case AgentEvent.SessionOpened opened -> open(opened, nowMillis);
            case AgentEvent.SessionClosed closed -> {
                ApiSession session = sessions.get(closed.session());
                if (session != null) {
                    lose(session, closed.reason());
                }
            }
            case AgentEvent.Assigned assigned -> assigned(assigned, nowMillis);
            case AgentEvent.CancelReceived cancel -> {
                for (Task task : List.copyOf(tasks.values())) {
                    if (task.session.session == cancel.session()
                            && task.key.workId().equals(cancel.workId())) {
                        stop(task, TaskTrigger.CANCEL, cancel.reason());
                    }
                }
            }
            case AgentEvent.AckReceived ack -> {
                Task task = tasks.get(new TaskKey(ack.workId(), ack.attempt()));
                if (task != null && task.session.session == ack.session() && task.move(TaskTrigger.ACKNOWLEDGED)) {
                    tasks.remove(task.key);
                    effects.add(new AcknowledgeArtifact(ack.workId(), ack.attempt()));
                }
            }
            case AgentEvent.HeartbeatReceived heartbeat -> heartbeat(heartbeat);
            case AgentEvent.ExecutionSucceeded succeeded ->
                succeeded(new TaskKey(succeeded.workId(), succeeded.attempt()));
            case AgentEvent.ExecutionFailed failed -> failed(failed);
            case AgentEvent.ArtifactLost lost -> {
                Task task = tasks.get(new TaskKey(lost.workId(), lost.attempt()));
                if (task != null && task.move(TaskTrigger.ARTIFACT_LOST)) {
                    tasks.remove(task.key);
                    sendFailed(task, FailureKind.ARTIFACT_LOST, lost.reason());
                }
            }
            case AgentEvent.AcceptingChanged changed -> {
                storageAccepts = changed.acceptingWork();
                announce();
            }
            case AgentEvent.DrainBegun() -> beginDrain(nowMillis);
            case AgentEvent.Tick() -> {
                // What is due is done in every step.
            }
        }
    }

    // Sessions.

    private void open(AgentEvent.SessionOpened opened, long nowMillis) {
        if (sessions.containsKey(opened.session())) {
            // The same hello again: it has been answered.
            return;
        }
        if (drained) {
            effects.add(new CloseSession(opened.session(), CloseReason.DRAINED, "the worker has drained and ends"));
            return;
        }
        ApiSession known = sessionOf(opened.apiId());
        if (known != null && opened.apiSession() <= known.apiSession) {
            effects.add(new CloseSession(
                    opened.session(), CloseReason.OUTDATED, "a newer session of API " + known.apiId + " is live"));
            return;
        }
        if (known != null) {
            effects.add(new CloseSession(known.session, CloseReason.SUPERSEDED, "replaced by a newer session"));
            lose(known, "its session was replaced by a newer one");
        }
        if (sessions.size() >= limits.sessionsMax()) {
            effects.add(new CloseSession(
                    opened.session(),
                    CloseReason.TOO_MANY_SESSIONS,
                    "the limit is " + limits.sessionsMax() + " connected APIs"));
            return;
        }
        ApiSession session = new ApiSession(opened, limits.heartbeat(), nowMillis);
        sessions.put(session.session, session);
        List<ApiSession> changed = credits.rebalance(sessions.values());
        effects.add(new SendHello(session.session, status(session)));
        changed.remove(session);
        changed.forEach(this::announceGrant);
    }

    private @Nullable ApiSession sessionOf(String apiId) {
        for (ApiSession session : sessions.values()) {
            if (session.apiId.equals(apiId)) {
                return session;
            }
        }
        return null;
    }

    /** An API is gone: its work stops and its artifacts go. */
    private void lose(ApiSession session, String reason) {
        sessions.remove(session.session);
        for (Task task : List.copyOf(tasks.values())) {
            if (task.session == session) {
                stop(task, TaskTrigger.SESSION_LOST, reason);
            }
        }
        Check.equal(session.held, 0, "work held for an API that is gone");
        if (!drained) {
            credits.rebalance(sessions.values()).forEach(this::announceGrant);
        }
    }

    private void expireSilent(long nowMillis) {
        for (ApiSession session : List.copyOf(sessions.values())) {
            if (session.heartbeat.isSilent(nowMillis)) {
                effects.add(new CloseSession(session.session, CloseReason.SILENT, "no message for too long"));
                lose(session, "API " + session.apiId + " fell silent");
            }
        }
    }

    private void heartbeat(AgentEvent.HeartbeatReceived heartbeat) {
        ApiSession session = sessions.get(heartbeat.session());
        if (session == null) {
            return;
        }
        if (!heartbeat.reply()) {
            effects.add(new SendHeartbeat(session.session, heartbeat.sequence(), true));
        } else if (session.confirmSequence != 0 && heartbeat.sequence() >= session.confirmSequence) {
            session.confirmSequence = 0;
        }
    }

    /** Takes back credits that an API has given up and no longer uses, and gives them to the others. */
    private void settleCredits() {
        for (ApiSession session : sessions.values()) {
            if (session.confirmSequence == 0) {
                // Never more than it believed already: grants and assignments are bounded by that.
                session.believed = Math.max(session.granted, session.held);
            }
        }
        credits.rebalance(sessions.values()).forEach(this::announceGrant);
    }

    /** Tells a session its new grant; a heartbeat behind it shows by its reply when the API has it. */
    private void announceGrant(ApiSession session) {
        effects.add(new SendStatus(session.session, status(session)));
        if (session.granted < session.believed) {
            session.confirmSequence = session.heartbeat.send(stalls.lastStepMillis());
            effects.add(new SendHeartbeat(session.session, session.confirmSequence, false));
        }
    }

    private void announce() {
        for (ApiSession session : sessions.values()) {
            effects.add(new SendStatus(session.session, status(session)));
        }
    }

    private Status status(ApiSession session) {
        return new Status(isAccepting(), draining, isAccepting() ? session.granted : 0, running, queued);
    }

    private void sendHeartbeats(long nowMillis) {
        for (ApiSession session : sessions.values()) {
            if (session.heartbeat.isDue(nowMillis)) {
                effects.add(new SendStatus(session.session, status(session)));
                effects.add(new SendHeartbeat(session.session, session.heartbeat.send(nowMillis), false));
            }
        }
    }

    // Work.

    private boolean isAccepting() {
        return storageAccepts && !draining;
    }

    private void assigned(AgentEvent.Assigned assigned, long nowMillis) {
        ApiSession session = sessions.get(assigned.session());
        if (session == null) {
            return;
        }
        TaskKey key = new TaskKey(assigned.workId(), assigned.attempt());
        Task known = tasks.get(key);
        if (known != null && known.session == session) {
            // The same assignment again: it has been answered.
            return;
        }
        Optional<String> reason = refusal(session, known);
        if (reason.isPresent()) {
            effects.add(new SendRejected(session.session, key.workId(), key.attempt(), reason.get()));
            effects.add(new SendStatus(session.session, status(session)));
            return;
        }
        Task task = new Task(session, assigned, nowMillis);
        tasks.put(key, task);
        session.queued.add(task);
        queued++;
        effects.add(new SendAccepted(session.session, key.workId(), key.attempt()));
    }

    private Optional<String> refusal(ApiSession session, @Nullable Task known) {
        if (draining) {
            return Optional.of("the worker is draining");
        }
        if (!storageAccepts) {
            return Optional.of("the worker does not accept work");
        }
        if (session.held >= session.believed) {
            return Optional.of("the API has used its " + session.granted + " credits");
        }
        return known == null ? Optional.empty() : Optional.of("this attempt is here for another API");
    }

    /** Fair between APIs: the next slot goes to the one with fewest running, then to the one not served for longest. */
    private void startQueued() {
        while (running < limits.slotsMax() && queued > 0) {
            ApiSession next = sessions.values().stream()
                    .filter(session -> !session.queued.isEmpty())
                    .min(TURN)
                    .orElseThrow();
            Task task = next.queued.removeFirst();
            queued--;
            running++;
            next.running++;
            turn++;
            next.lastServed = turn;
            task.move(TaskTrigger.START);
            effects.add(new StartExecution(
                    next.session,
                    next.apiId,
                    task.queryId,
                    task.leafId,
                    task.key.workId(),
                    task.key.attempt(),
                    task.deadlineMillis));
        }
    }

    /** Cancels a task in whatever state it is; its API hears nothing. */
    private void stop(Task task, TaskTrigger trigger, String reason) {
        TaskState before = task.state();
        if (!task.move(trigger)) {
            return;
        }
        switch (before) {
            case QUEUED -> unqueue(task);
            case RUNNING -> effects.add(new CancelExecution(task.key.workId(), task.key.attempt(), reason));
            case READY -> {
                tasks.remove(task.key);
                effects.add(new DiscardArtifact(task.key.workId(), task.key.attempt()));
            }
            case OVERDUE, CANCELING, GONE -> {
                // Told already, or nothing is left to stop.
            }
        }
    }

    private void unqueue(Task task) {
        task.session.queued.remove(task);
        queued--;
        tasks.remove(task.key);
    }

    private void succeeded(TaskKey key) {
        Task task = requireRunning(key);
        TaskState before = task.state();
        task.move(TaskTrigger.SUCCEEDED);
        freeSlot(task);
        if (before == TaskState.RUNNING) {
            effects.add(new SendReady(task.session.session, key.workId(), key.attempt()));
        } else {
            tasks.remove(key);
            effects.add(new DiscardArtifact(key.workId(), key.attempt()));
            if (before == TaskState.OVERDUE) {
                sendFailed(task, FailureKind.DEADLINE_EXCEEDED, "finished after its deadline");
            }
        }
    }

    private void failed(AgentEvent.ExecutionFailed failed) {
        Task task = requireRunning(new TaskKey(failed.workId(), failed.attempt()));
        TaskState before = task.state();
        task.move(TaskTrigger.FAILED);
        freeSlot(task);
        tasks.remove(task.key);
        if (before == TaskState.RUNNING) {
            sendFailed(task, failed.kind(), failed.message());
        } else if (before == TaskState.OVERDUE) {
            sendFailed(task, FailureKind.DEADLINE_EXCEEDED, "stopped at its deadline");
        }
    }

    private Task requireRunning(TaskKey key) {
        Task task = tasks.get(key);
        if (task == null) {
            throw new IllegalStateException("execution " + key + " ended but was never started");
        }
        return task;
    }

    private void freeSlot(Task task) {
        running--;
        task.session.running--;
        Check.atMost(0, Math.min(running, task.session.running), "slots are freed once");
    }

    private void sendFailed(Task task, FailureKind kind, String message) {
        effects.add(new SendFailed(task.session.session, task.key.workId(), task.key.attempt(), kind, message));
    }

    private void enforceDeadlines(long nowMillis) {
        for (Task task : List.copyOf(tasks.values())) {
            if (task.deadlineMillis <= nowMillis) {
                TaskState before = task.state();
                if (task.move(TaskTrigger.DEADLINE)) {
                    if (before == TaskState.QUEUED) {
                        unqueue(task);
                        sendFailed(task, FailureKind.DEADLINE_EXCEEDED, "its deadline passed before a slot was free");
                    } else {
                        effects.add(new CancelExecution(task.key.workId(), task.key.attempt(), "its deadline passed"));
                    }
                }
            }
        }
    }

    // Drain.

    private void beginDrain(long nowMillis) {
        if (draining) {
            return;
        }
        draining = true;
        drainDueMillis = nowMillis + limits.drainMillisMax();
        announce();
        for (Task task : List.copyOf(tasks.values())) {
            if (task.move(TaskTrigger.HAND_BACK)) {
                unqueue(task);
                sendFailed(task, FailureKind.HANDED_BACK, "the worker is draining");
            }
        }
    }

    private void finishDrain(long nowMillis) {
        if (!draining || drained) {
            return;
        }
        boolean finished = tasks.isEmpty();
        if (finished || drainDueMillis <= nowMillis) {
            drained = true;
            String reason = finished ? "drained" : "the drain's time limit ended";
            for (ApiSession session : List.copyOf(sessions.values())) {
                lose(session, reason);
                effects.add(new CloseSession(session.session, CloseReason.DRAINED, reason));
            }
            effects.add(new Drained(!finished));
        }
    }

    // Views. None changes anything.

    /** When {@link AgentEvent.Tick} is due, if nothing else happens before; MAX_VALUE for never. */
    public long nextTimerMillis() {
        long next = drained ? Long.MAX_VALUE : drainDueMillis;
        for (ApiSession session : sessions.values()) {
            next = Math.min(next, session.heartbeat.nextTimerMillis());
        }
        for (Task task : tasks.values()) {
            if (task.state() == TaskState.QUEUED || task.state() == TaskState.RUNNING) {
                next = Math.min(next, task.deadlineMillis);
            }
        }
        return next;
    }

    /** An accepted attempt. */
    public record TaskSnapshot(long session, String workId, int attempt, TaskState state) {}

    /** A connected API. */
    public record SessionSnapshot(long session, String apiId, int granted, int believed, int held) {}

    public List<TaskSnapshot> tasks() {
        return tasks.values().stream()
                .map(task ->
                        new TaskSnapshot(task.session.session, task.key.workId(), task.key.attempt(), task.state()))
                .toList();
    }

    public List<SessionSnapshot> sessions() {
        return sessions.values().stream()
                .map(session -> new SessionSnapshot(
                        session.session, session.apiId, session.granted, session.believed, session.held))
                .toList();
    }

    public boolean isDraining() {
        return draining;
    }

    public boolean isDrained() {
        return drained;
    }

    /** Executions that hold a slot, canceled ones included. */
    public int running() {
        return running;
    }

    /** Accepted work that waits for a slot. */
    public int queued() {
        return queued;
    }

    /** Whether new work is taken. */
    public boolean acceptsWork() {
        return isAccepting();
    }
}
