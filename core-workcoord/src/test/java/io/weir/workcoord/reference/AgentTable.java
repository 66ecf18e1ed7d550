package io.weir.workcoord.reference;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.agent.AgentEffect;
import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.agent.AgentLimits;
import io.weir.workcoord.agent.WorkerAgent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the worker makes of every message and outcome, by its own status: each cell is tried on an agent. */
final class AgentTable {
    private static final long NOW = 1_000;

    /** The worker's own status towards an API. */
    enum Status {
        ACCEPTING,
        NOT_ACCEPTING,
        DRAINING,
        /** The API's session has ended; another API is connected. */
        LOST,
        /** The drain is over. */
        DRAINED
    }

    private AgentTable() {}

    /**
     * The rows: what happens, by name. The worker has two slots; the API's pieces "ready", "running" and "queued" were
     * accepted while it accepted work.
     */
    static Map<String, AgentEvent> events() {
        Map<String, AgentEvent> events = new LinkedHashMap<>();
        events.put("hello of the same session again", new AgentEvent.SessionOpened(1, "api", 10, 1_000));
        events.put("hello of a newer session of the API", new AgentEvent.SessionOpened(3, "api", 11, 1_000));
        events.put("hello of an older session of the API", new AgentEvent.SessionOpened(3, "api", 9, 1_000));
        events.put("the API's session ends", new AgentEvent.SessionClosed(1, "reset"));
        events.put("AssignWork", assigned("new", 1));
        events.put("AssignWork of \"running\" again", assigned("running", 1));
        events.put("AssignWork of \"running\", next attempt", assigned("running", 2));
        events.put("CancelWork of \"queued\"", new AgentEvent.CancelReceived(1, "queued", "why"));
        events.put("CancelWork of \"running\"", new AgentEvent.CancelReceived(1, "running", "why"));
        events.put("CancelWork of \"ready\"", new AgentEvent.CancelReceived(1, "ready", "why"));
        events.put("CancelWork of other work", new AgentEvent.CancelReceived(1, "unknown", "why"));
        events.put("ArtifactAck of \"ready\"", new AgentEvent.AckReceived(1, "ready", 1));
        events.put("ArtifactAck of \"running\"", new AgentEvent.AckReceived(1, "running", 1));
        events.put("heartbeat", new AgentEvent.HeartbeatReceived(1, 7, false));
        events.put("reply to a heartbeat", new AgentEvent.HeartbeatReceived(1, 7, true));
        events.put("\"running\" succeeds", new AgentEvent.ExecutionSucceeded("running", 1));
        events.put("\"running\" fails", new AgentEvent.ExecutionFailed("running", 1, FailureKind.INTERNAL, "x"));
        events.put("\"queued\" succeeds", new AgentEvent.ExecutionSucceeded("queued", 1));
        events.put("the artifact of \"ready\" expires", new AgentEvent.ArtifactLost("ready", 1, "expired"));
        events.put("the disk is full", new AgentEvent.AcceptingChanged(false));
        events.put("the disk has room", new AgentEvent.AcceptingChanged(true));
        events.put("the drain begins", new AgentEvent.DrainBegun());
        events.put("time passes", new AgentEvent.Tick());
        return events;
    }

    private static AgentEvent assigned(String workId, int attempt) {
        return new AgentEvent.Assigned(1, workId, attempt, "q", 0, 60_000);
    }

    static String cell(Status status, AgentEvent event) {
        WorkerAgent agent = new WorkerAgent(new AgentLimits(HeartbeatLimits.DEFAULT, 1, 12, 3, 60_000));
        agent.handle(new AgentEvent.SessionOpened(1, "api", 10, 1_000), NOW);
        agent.handle(assigned("ready", 1), NOW);
        agent.handle(new AgentEvent.ExecutionSucceeded("ready", 1), NOW);
        agent.handle(assigned("running", 1), NOW);
        agent.handle(assigned("queued", 1), NOW);
        switch (status) {
            case ACCEPTING -> {
                // As it is.
            }
            case NOT_ACCEPTING -> agent.handle(new AgentEvent.AcceptingChanged(false), NOW);
            case DRAINING -> agent.handle(new AgentEvent.DrainBegun(), NOW);
            case LOST -> {
                agent.handle(new AgentEvent.SessionClosed(1, "reset"), NOW);
                agent.handle(new AgentEvent.SessionOpened(2, "another", 1, 1_000), NOW);
            }
            case DRAINED -> {
                agent.handle(new AgentEvent.DrainBegun(), NOW);
                agent.handle(new AgentEvent.AckReceived(1, "ready", 1), NOW);
                agent.handle(new AgentEvent.ExecutionFailed("running", 1, FailureKind.CANCELED, "x"), NOW);
            }
        }
        String tasksBefore = tasks(agent);
        String statusBefore = status(agent);
        List<AgentEffect> effects;
        try {
            effects = agent.handle(event, NOW);
        } catch (IllegalStateException broken) {
            return "illegal";
        }
        List<String> parts = new ArrayList<>();
        if (!status(agent).equals(statusBefore)) {
            parts.add("**" + status(agent) + "**");
        }
        parts.addAll(Cells.changes(tasksBefore, tasks(agent)));
        for (AgentEffect effect : effects) {
            String name = Cells.name(effect);
            if (!parts.contains(name)) {
                parts.add(name);
            }
        }
        if (!parts.isEmpty()) {
            return String.join("; ", parts);
        }
        return ignored(event, status == Status.LOST || status == Status.DRAINED);
    }

    /** Why nothing changed; the compiler asks for every event. */
    private static String ignored(AgentEvent event, boolean over) {
        return switch (event) {
            case AgentEvent.SessionOpened opened -> Cells.DUPLICATE;
            case AgentEvent.SessionClosed closed -> Cells.LATE;
            case AgentEvent.Assigned assigned -> over ? Cells.LATE : Cells.DUPLICATE;
            case AgentEvent.CancelReceived cancel -> Cells.LATE;
            case AgentEvent.AckReceived acknowledged -> over ? Cells.LATE : Cells.POINTLESS;
            case AgentEvent.HeartbeatReceived heartbeat -> over ? Cells.LATE : "proves life";
            case AgentEvent.ExecutionSucceeded succeeded -> Cells.LATE;
            case AgentEvent.ExecutionFailed failed -> Cells.LATE;
            case AgentEvent.ArtifactLost lost -> Cells.LATE;
            case AgentEvent.AcceptingChanged changed -> over ? Cells.LATE : Cells.DUPLICATE;
            case AgentEvent.DrainBegun() -> over ? Cells.LATE : Cells.DUPLICATE;
            case AgentEvent.Tick() -> "nothing is due";
        };
    }

    private static String status(WorkerAgent agent) {
        String accepts = agent.isDrained()
                ? "drained"
                : agent.isDraining() ? "draining" : agent.acceptsWork() ? "accepting" : "not accepting";
        List<Long> sessions = agent.sessions().stream()
                .map(WorkerAgent.SessionSnapshot::session)
                .toList();
        return accepts + (sessions.contains(3L) ? ", new session" : sessions.contains(1L) ? "" : ", session lost");
    }

    private static String tasks(WorkerAgent agent) {
        StringBuilder text = new StringBuilder();
        for (WorkerAgent.TaskSnapshot task : agent.tasks()) {
            String name = task.attempt() == 1 ? task.workId() : task.workId() + " " + task.attempt();
            text.append(name).append('=').append(task.state()).append('\n');
        }
        return text.toString();
    }
}
