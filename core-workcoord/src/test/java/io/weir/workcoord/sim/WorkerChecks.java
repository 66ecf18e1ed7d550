package io.weir.workcoord.sim;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.agent.AgentEffect;
import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.agent.AgentLimits;
import io.weir.workcoord.agent.TaskKey;
import io.weir.workcoord.agent.WorkerAgent;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What must hold at the worker's end after every step: a second, plain account of its sessions and tasks, kept from events
 * and effects, with which the agent is compared.
 */
final class WorkerChecks {
    private enum Stage {
        QUEUED,
        RUNNING,
        /** Told to stop; its API hears nothing. */
        CANCELING,
        /** Told to stop at its deadline. */
        OVERDUE,
        READY
    }

    private static final class Session {
        final AgentEvent.SessionOpened opened;
        int running;
        int queued;
        long heardRunningMillis;
        long heardMillis;
        int heardStalls;

        Session(AgentEvent.SessionOpened opened) {
            this.opened = opened;
        }
    }

    private static final class Task {
        final TaskKey key;
        final Session session;
        final long deadlineMillis;
        Stage stage = Stage.QUEUED;

        Task(TaskKey key, Session session, long deadlineMillis) {
            this.key = key;
            this.session = session;
            this.deadlineMillis = deadlineMillis;
        }
    }

    private final SimNode node;
    private final AgentLimits limits;
    private final TreeMap<Long, Session> sessions = new TreeMap<>();
    private final Map<TaskKey, Task> tasks = new LinkedHashMap<>();
    private boolean storageAccepts = true;
    private boolean draining;
    private boolean drained;
    private int running;
    private long drainDueMillis;
    private int lastStalls;
    private long messages;
    private long assignments;

    /** Effects this step has to have: what must be stopped, deleted, told. */
    private final Set<AgentEffect> expected = new HashSet<>();

    /** The last status each API was sent in this step. */
    private final Map<Long, AgentEffect.Status> announced = new LinkedHashMap<>();

    private final Set<TaskKey> mustStop = new HashSet<>();

    WorkerChecks(SimNode node, AgentLimits limits) {
        this.node = node;
        this.limits = limits;
    }

    void after(AgentEvent event, List<AgentEffect> effects, long now, WorkerAgent agent) {
        expected.clear();
        mustStop.clear();
        announced.clear();
        if (lastStalls == node.stalls) {
            timers(now);
        }
        lastStalls = node.stalls;
        if (event instanceof AgentEvent.OfSession message) {
            Session session = sessions.get(message.session());
            if (session != null) {
                heard(session, now);
            }
        }
        endClosed(effects, now, AgentEffect.CloseReason.SILENT);
        apply(event, effects, now);
        deadlines(effects, now);
        for (AgentEffect effect : effects) {
            check(effect);
        }
        endClosed(effects, now, AgentEffect.CloseReason.DRAINED);
        obligations(effects);
        compare(agent);
    }

    private static Violation broken(Invariant invariant, String message) {
        return new Violation(invariant, message);
    }

    /** A timer that was due between the last step and this one was not asked for. */
    private void timers(long now) {
        for (Task task : tasks.values()) {
            if ((task.stage == Stage.QUEUED || task.stage == Stage.RUNNING) && task.deadlineMillis < now) {
                throw broken(Invariant.L4, "a deadline was " + (now - task.deadlineMillis) + " ms ago: " + task.key);
            }
        }
        if (draining && drainDueMillis < now) {
            throw broken(Invariant.L3, "the drain's limit was " + (now - drainDueMillis) + " ms ago");
        }
    }

    private void heard(Session session, long now) {
        session.heardMillis = now;
        session.heardRunningMillis = node.runningMillis();
        session.heardStalls = node.stalls;
    }

    private void endClosed(List<AgentEffect> effects, long now, AgentEffect.CloseReason reason) {
        for (AgentEffect effect : effects) {
            if (effect instanceof AgentEffect.CloseSession close && close.reason() == reason) {
                Session session = sessions.get(close.session());
                if (session == null) {
                    if (reason == AgentEffect.CloseReason.DRAINED) {
                        continue;
                    }
                    throw broken(Invariant.I3, "a session that is gone is closed: " + close);
                }
                if (reason == AgentEffect.CloseReason.SILENT) {
                    long silence = node.stalls == session.heardStalls
                            ? now - session.heardMillis
                            : node.runningMillis()
                                    - session.heardRunningMillis
                                    + 1_500L * (node.stalls - session.heardStalls);
                    if (silence < HeartbeatLimits.DEFAULT.silenceMillis()) {
                        throw broken(Invariant.L4, "closed as silent after " + silence + " ms: " + close);
                    }
                }
                end(session);
            }
        }
    }

    /** The API is gone: nothing of it runs on or is kept. */
    private void end(Session session) {
        sessions.remove(session.opened.session());
        for (Task task : List.copyOf(tasks.values())) {
            if (task.session == session) {
                stop(task);
            }
        }
    }

    private void stop(Task task) {
        switch (task.stage) {
            case QUEUED -> {
                task.session.queued--;
                tasks.remove(task.key);
            }
            case RUNNING -> {
                task.stage = Stage.CANCELING;
                mustStop.add(task.key);
            }
            case OVERDUE -> task.stage = Stage.CANCELING;
            case CANCELING -> {
                // Told already.
            }
            case READY -> {
                tasks.remove(task.key);
                expected.add(new AgentEffect.DiscardArtifact(task.key.workId(), task.key.attempt()));
            }
        }
    }

    private void apply(AgentEvent event, List<AgentEffect> effects, long now) {
        switch (event) {
            case AgentEvent.SessionOpened opened -> open(opened, effects, now);
            case AgentEvent.SessionClosed closed -> {
                Session session = sessions.get(closed.session());
                if (session != null) {
                    end(session);
                }
            }
            case AgentEvent.Assigned assigned -> assigned(assigned, effects, now);
            case AgentEvent.CancelReceived cancel -> {
                for (Task task : List.copyOf(tasks.values())) {
                    if (task.session.opened.session() == cancel.session()
                            && task.key.workId().equals(cancel.workId())) {
                        stop(task);
                    }
                }
            }
            case AgentEvent.AckReceived ack -> {
                TaskKey key = new TaskKey(ack.workId(), ack.attempt());
                Task task = tasks.get(key);
                if (task != null && task.session.opened.session() == ack.session() && task.stage == Stage.READY) {
                    tasks.remove(key);
                    expected.add(new AgentEffect.AcknowledgeArtifact(ack.workId(), ack.attempt()));
                }
            }
            case AgentEvent.HeartbeatReceived heartbeat -> {
                boolean answered = false;
                for (AgentEffect effect : effects) {
                    answered |= effect instanceof AgentEffect.SendHeartbeat sent && sent.reply();
                }
                if (answered != (!heartbeat.reply() && sessions.containsKey(heartbeat.session()))) {
                    throw broken(Invariant.L4, "a heartbeat is answered once: " + heartbeat);
                }
            }
            case AgentEvent.ExecutionSucceeded succeeded ->
                finished(new TaskKey(succeeded.workId(), succeeded.attempt()), true, FailureKind.INTERNAL, effects);
            case AgentEvent.ExecutionFailed failed ->
                finished(new TaskKey(failed.workId(), failed.attempt()), false, failed.kind(), effects);
            case AgentEvent.ArtifactLost lost -> {
                TaskKey key = new TaskKey(lost.workId(), lost.attempt());
                Task task = tasks.get(key);
                if (task != null && task.stage == Stage.READY) {
                    tasks.remove(key);
                    tells(task, FailureKind.ARTIFACT_LOST, effects);
                }
            }
            case AgentEvent.AcceptingChanged changed -> {
                storageAccepts = changed.acceptingWork();
                announced(effects);
            }
            case AgentEvent.DrainBegun begun -> drain(effects, now);
            case AgentEvent.Tick tick -> {
                // What is due is checked after every step.
            }
        }
    }

    private void open(AgentEvent.SessionOpened opened, List<AgentEffect> effects, long now) {
        boolean refused = false;
        Session same = null;
        for (Session session : sessions.values()) {
            if (session.opened.apiId().equals(opened.apiId())) {
                same = session;
            }
        }
        boolean replaced = false;
        for (AgentEffect effect : effects) {
            if (effect instanceof AgentEffect.CloseSession close) {
                refused |= close.session() == opened.session() && close.reason() != AgentEffect.CloseReason.DRAINED;
                replaced |= same != null && close.session() == same.opened.session();
            }
        }
        boolean outdated = same != null && same.opened.apiSession() >= opened.apiSession();
        boolean full = same == null && sessions.size() >= limits.sessionsMax();
        if (!drained && refused != (outdated || full)) {
            throw broken(Invariant.I10, "a session is admitted if it is new or replaces one: " + opened + effects);
        }
        if (drained || refused) {
            return;
        }
        if (same != null) {
            if (!replaced) {
                throw broken(Invariant.I10, "a replaced session is closed: " + same.opened);
            }
            end(same);
        }
        Session session = new Session(opened);
        heard(session, now);
        sessions.put(opened.session(), session);
    }

    private void assigned(AgentEvent.Assigned assigned, List<AgentEffect> effects, long now) {
        assignments++;
        Session session = sessions.get(assigned.session());
        if (session == null) {
            return;
        }
        boolean accepted = effects.contains(
                new AgentEffect.SendAccepted(assigned.session(), assigned.workId(), assigned.attempt()));
        if (accepted != (storageAccepts && !draining)) {
            throw broken(
                    Invariant.I6, "a worker takes work exactly while it accepts work: " + assigned + " -> " + effects);
        }
        if (accepted) {
            Task task = new Task(
                    new TaskKey(assigned.workId(), assigned.attempt()),
                    session,
                    now + assigned.deadlineRemainingMillis());
            if (tasks.put(task.key, task) != null) {
                throw broken(Invariant.I2, "accepted twice: " + assigned);
            }
            session.queued++;
        } else {
            boolean told = false;
            for (AgentEffect effect : effects) {
                told |= effect instanceof AgentEffect.SendRejected rejected
                        && rejected.workId().equals(assigned.workId())
                        && rejected.attempt() == assigned.attempt();
            }
            if (!told && sessions.containsKey(assigned.session())) {
                throw broken(Invariant.I6, "neither accepted nor rejected: " + assigned);
            }
        }
    }

    private void finished(TaskKey key, boolean succeeded, FailureKind kind, List<AgentEffect> effects) {
        Task task = tasks.get(key);
        if (task == null || task.stage == Stage.QUEUED || task.stage == Stage.READY) {
            throw broken(Invariant.I2, "an execution ended that did not run: " + key);
        }
        running--;
        task.session.running--;
        if (succeeded && task.stage == Stage.RUNNING) {
            task.stage = Stage.READY;
            expected.add(new AgentEffect.SendReady(task.session.opened.session(), key.workId(), key.attempt()));
            return;
        }
        tasks.remove(key);
        if (succeeded) {
            expected.add(new AgentEffect.DiscardArtifact(key.workId(), key.attempt()));
        }
        if (task.stage != Stage.CANCELING) {
            tells(task, task.stage == Stage.OVERDUE ? FailureKind.DEADLINE_EXCEEDED : kind, effects);
        }
    }

    /** Its API is told of a failure. */
    private void tells(Task task, FailureKind kind, List<AgentEffect> effects) {
        if (!sessions.containsKey(task.session.opened.session())) {
            return;
        }
        for (AgentEffect effect : effects) {
            if (effect instanceof AgentEffect.SendFailed failed
                    && failed.session() == task.session.opened.session()
                    && failed.workId().equals(task.key.workId())
                    && failed.attempt() == task.key.attempt()
                    && failed.kind() == kind) {
                return;
            }
        }
        throw broken(Invariant.L1, "its API is not told that " + task.key + " failed: " + kind + " " + effects);
    }

    private void announced(List<AgentEffect> effects) {
        boolean accepting = storageAccepts && !draining;
        for (long session : sessions.keySet()) {
            boolean told = false;
            for (AgentEffect effect : effects) {
                told |= effect instanceof AgentEffect.SendStatus sent
                        && sent.session() == session
                        && sent.status().acceptingWork() == accepting
                        && sent.status().draining() == draining;
            }
            if (!told) {
                throw broken(Invariant.I6, "an API is not told of the change of rotation: " + session);
            }
        }
    }

    private void drain(List<AgentEffect> effects, long now) {
        if (draining) {
            return;
        }
        draining = true;
        drainDueMillis = now + limits.drainMillisMax();
        announced(effects);
        for (Task task : List.copyOf(tasks.values())) {
            if (task.stage == Stage.QUEUED) {
                task.session.queued--;
                tasks.remove(task.key);
                tells(task, FailureKind.HANDED_BACK, effects);
            }
        }
    }

    private void deadlines(List<AgentEffect> effects, long now) {
        for (Task task : tasks.values()) {
            if (task.deadlineMillis <= now && task.stage == Stage.RUNNING) {
                task.stage = Stage.OVERDUE;
                mustStop.add(task.key);
            }
        }
        List<Task> expired = new ArrayList<>();
        for (Task task : tasks.values()) {
            if (task.deadlineMillis <= now && task.stage == Stage.QUEUED) {
                expired.add(task);
            }
        }
        for (Task task : expired) {
            task.session.queued--;
            tasks.remove(task.key);
            tells(task, FailureKind.DEADLINE_EXCEEDED, effects);
        }
    }

    // The effects, one by one.

    private void check(AgentEffect effect) {
        if (effect instanceof AgentEffect.Send send && !sessions.containsKey(send.session())) {
            throw broken(Invariant.I3, "effect to a session that is not live: " + effect);
        }
        switch (effect) {
            case AgentEffect.SendHello hello -> {
                // Its status is checked like every other.
            }
            case AgentEffect.SendStatus status -> announced.put(status.session(), status.status());
            case AgentEffect.SendAccepted accepted -> messages++;
            case AgentEffect.SendRejected rejected -> messages++;
            case AgentEffect.SendReady ready -> {
                messages++;
                if (!expected.contains(ready)) {
                    throw broken(Invariant.I10, "announces what did not succeed or is canceled: " + ready);
                }
            }
            case AgentEffect.SendFailed failed -> messages++;
            case AgentEffect.SendHeartbeat heartbeat -> {
                // Counted by the silence of the other side.
            }
            case AgentEffect.CloseSession close -> {
                // Checked where the session ends.
            }
            case AgentEffect.StartExecution start -> started(start);
            case AgentEffect.CancelExecution cancel -> {
                if (!mustStop.remove(new TaskKey(cancel.workId(), cancel.attempt()))) {
                    boolean drains = draining && tasks.containsKey(new TaskKey(cancel.workId(), cancel.attempt()));
                    if (!drains) {
                        throw broken(Invariant.I10, "stops what is wanted: " + cancel);
                    }
                }
            }
            case AgentEffect.DiscardArtifact discard -> {
                if (!expected.contains(discard) && !draining) {
                    throw broken(Invariant.I11, "deletes an artifact that is wanted: " + discard);
                }
            }
            case AgentEffect.AcknowledgeArtifact acknowledged -> {
                if (!expected.contains(acknowledged)) {
                    throw broken(Invariant.I11, "acknowledged by nobody: " + acknowledged);
                }
            }
            case AgentEffect.Drained over -> {
                if (!draining || (!over.forced() && !tasks.isEmpty())) {
                    throw broken(Invariant.L3, "drained with work left: " + tasks.keySet());
                }
                drained = true;
            }
        }
    }

    /** Fair between APIs: the next slot goes to the one with fewest running. */
    private void started(AgentEffect.StartExecution start) {
        Task task = tasks.get(new TaskKey(start.workId(), start.attempt()));
        if (task == null || task.stage != Stage.QUEUED) {
            throw broken(Invariant.I10, "runs what is canceled, gone or running: " + start);
        }
        for (Session other : sessions.values()) {
            if (other.queued > 0 && other.running < task.session.running) {
                throw broken(Invariant.F1, "the slot is of API session " + other.opened.session() + ": " + start);
            }
        }
        task.stage = Stage.RUNNING;
        task.session.queued--;
        task.session.running++;
        running++;
        if (start.deadlineMillis() != task.deadlineMillis) {
            throw broken(Invariant.I10, "another deadline: " + start);
        }
    }

    // The state after the step.

    private void obligations(List<AgentEffect> effects) {
        if (drained) {
            return;
        }
        // An API may be told of its credits before the event, and of the rotation after it: the last word counts.
        for (AgentEffect.Status status : announced.values()) {
            if (status.acceptingWork() != (storageAccepts && !draining) || status.draining() != draining) {
                throw broken(Invariant.I6, "announces another rotation: " + status);
            }
        }
        if (!mustStop.isEmpty()) {
            throw broken(Invariant.I10, "goes on although it is canceled, overdue or its API is gone: " + mustStop);
        }
        for (AgentEffect effect : expected) {
            boolean toNobody = effect instanceof AgentEffect.Send send && !sessions.containsKey(send.session());
            if (!toNobody && !effects.contains(effect)) {
                throw broken(
                        effect instanceof AgentEffect.Send ? Invariant.L1 : Invariant.I11, "is missing: " + effect);
            }
        }
        if (messages > 4 * assignments) {
            throw broken(Invariant.L2, messages + " messages for " + assignments + " assignments");
        }
    }

    private void compare(WorkerAgent agent) {
        if (drained) {
            return;
        }
        int believed = 0;
        List<WorkerAgent.SessionSnapshot> live = agent.sessions();
        if (live.size() != sessions.size()) {
            throw broken(Invariant.I10, "sessions " + live + ", not " + sessions.keySet());
        }
        for (WorkerAgent.SessionSnapshot session : live) {
            Session known = sessions.get(session.session());
            if (known == null) {
                throw broken(Invariant.I10, "a dead session is live: " + session);
            }
            believed += session.believed();
            if (session.held() > Math.max(1, session.believed())) {
                throw broken(Invariant.I12, "an API holds more than its credits: " + session);
            }
            if (node.runningMillis() - known.heardRunningMillis >= HeartbeatLimits.DEFAULT.silenceMillis()) {
                throw broken(Invariant.L4, "silence is not detected: " + session);
            }
        }
        if (believed > limits.heldMax()) {
            throw broken(Invariant.I12, "credits are given twice: " + live);
        }
        List<WorkerAgent.TaskSnapshot> found = agent.tasks();
        if (found.size() != tasks.size()) {
            throw broken(Invariant.I10, "tasks " + found + ", not " + tasks.keySet());
        }
        int queued = 0;
        for (WorkerAgent.TaskSnapshot task : found) {
            Task known = tasks.get(new TaskKey(task.workId(), task.attempt()));
            if (known == null || !known.stage.name().equals(task.state().name())) {
                throw broken(Invariant.I2, "state of " + task + ": " + (known == null ? "none" : known.stage));
            }
            queued += known.stage == Stage.QUEUED ? 1 : 0;
        }
        if (agent.running() != running || running > limits.slotsMax() || agent.queued() != queued) {
            throw broken(Invariant.I12, agent.running() + " run, not " + running + ", " + agent.queued() + " queued");
        }
        if (queued > 0 && running < limits.slotsMax()) {
            throw broken(Invariant.L5, "work waits though a slot is free");
        }
        if (draining && queued > 0) {
            throw broken(Invariant.I6, "a draining worker keeps work it has not started");
        }
        if (draining && tasks.isEmpty()) {
            throw broken(Invariant.L3, "nothing is left and the drain goes on");
        }
    }

    /** Artifacts that are finished and not acknowledged. */
    Set<TaskKey> ready() {
        Set<TaskKey> ready = new HashSet<>();
        for (Task task : tasks.values()) {
            if (task.stage == Stage.READY) {
                ready.add(task.key);
            }
        }
        return ready;
    }
}
