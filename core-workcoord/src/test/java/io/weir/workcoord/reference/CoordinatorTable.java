package io.weir.workcoord.reference;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.coordinator.Coordinator;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import io.weir.workcoord.coordinator.CoordinatorEffect.Counter;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import io.weir.workcoord.coordinator.WorkSnapshot;
import io.weir.workcoord.coordinator.WorkerSnapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the API makes of every message of and about a worker, by the worker's status: each cell is tried on a coordinator. */
final class CoordinatorTable {
    private static final long NOW = 1_000;
    private static final CoordinatorLimits LIMITS =
            new CoordinatorLimits(HeartbeatLimits.DEFAULT, 20, 5, 5, 9, 9, 100, 3, 2_000, 5_000);

    /** A worker as an API sees it. */
    enum Status {
        ACCEPTING,
        NOT_ACCEPTING,
        DRAINING,
        LOST
    }

    private CoordinatorTable() {}

    /**
     * The rows: what happens, by name. The worker is the only one, has session 1 and was given the pieces "assigned",
     * "accepted" and "ready" while it accepted work; "assigned" it never answered.
     */
    static Map<String, CoordinatorEvent> events() {
        Map<String, CoordinatorEvent> events = new LinkedHashMap<>();
        events.put("hello of the same session again", opened(1, "at-a"));
        events.put("hello of a newer session", opened(2, "at-a"));
        events.put("hello of an older session", opened(0, "at-a"));
        events.put("hello of the same worker id from another address", opened(2, "elsewhere"));
        events.put("its session ends", new CoordinatorEvent.SessionClosed(1, "reset"));
        events.put("status: accepting", new CoordinatorEvent.StatusReceived(1, true, false, 9));
        events.put("status: not accepting", new CoordinatorEvent.StatusReceived(1, false, false, 0));
        events.put("status: draining", new CoordinatorEvent.StatusReceived(1, false, true, 0));
        events.put("heartbeat", new CoordinatorEvent.HeartbeatReceived(1, 7, false));
        events.put("reply to a heartbeat", new CoordinatorEvent.HeartbeatReceived(1, 7, true));
        events.put("WorkAccepted for \"assigned\"", new CoordinatorEvent.Accepted(1, "assigned", 1));
        events.put("WorkAccepted for \"accepted\"", new CoordinatorEvent.Accepted(1, "accepted", 1));
        events.put("WorkRejected for \"assigned\"", new CoordinatorEvent.Rejected(1, "assigned", 1, "no"));
        events.put("WorkReady for \"accepted\"", readyOf("accepted", "c"));
        events.put("WorkReady for \"ready\"", readyOf("ready", "c"));
        events.put("WorkReady for \"ready\", another checksum", readyOf("ready", "d"));
        events.put("WorkFailed for \"accepted\", retryable", failed(FailureKind.INTERNAL));
        events.put("WorkFailed for \"accepted\", final", failed(FailureKind.BAD_QUERY));
        events.put("WorkFailed for \"accepted\", handed back", failed(FailureKind.HANDED_BACK));
        events.put("\"ready\" is fetched", new CoordinatorEvent.Fetched("ready", 1));
        events.put(
                "\"ready\" cannot be fetched",
                new CoordinatorEvent.FetchFailed("ready", 1, FailureKind.FETCH_FAILED, "x"));
        events.put(
                "a query is submitted",
                new CoordinatorEvent.Submit("q2", "t", NOW + 9_000, List.of(new CoordinatorEvent.Unit(0, "new", "k"))));
        events.put("its query is canceled", new CoordinatorEvent.CancelQuery("q", "why"));
        events.put("another query is canceled", new CoordinatorEvent.CancelQuery("unknown", "why"));
        events.put("time passes", new CoordinatorEvent.Tick());
        return events;
    }

    private static CoordinatorEvent opened(long session, String address) {
        return new CoordinatorEvent.SessionOpened(session, "a", "run", address, true, false, 9);
    }

    private static CoordinatorEvent readyOf(String workId, String checksum) {
        return new CoordinatorEvent.Ready(1, "q", 0, workId, 1, checksum);
    }

    private static CoordinatorEvent failed(FailureKind kind) {
        return new CoordinatorEvent.Failed(1, "accepted", 1, kind, "x");
    }

    static String cell(Status status, CoordinatorEvent event) {
        Coordinator coordinator = new Coordinator(LIMITS);
        coordinator.handle(opened(1, "at-a"), NOW);
        List<CoordinatorEvent.Unit> units = new ArrayList<>();
        for (String workId : List.of("assigned", "accepted", "ready")) {
            units.add(new CoordinatorEvent.Unit(0, workId, "k"));
        }
        coordinator.handle(new CoordinatorEvent.Submit("q", "t", NOW + 9_000, units), NOW);
        coordinator.handle(new CoordinatorEvent.Accepted(1, "accepted", 1), NOW);
        coordinator.handle(readyOf("ready", "c"), NOW);
        switch (status) {
            case ACCEPTING -> {
                // As it is.
            }
            case NOT_ACCEPTING -> coordinator.handle(new CoordinatorEvent.StatusReceived(1, false, false, 0), NOW);
            case DRAINING -> coordinator.handle(new CoordinatorEvent.StatusReceived(1, false, true, 0), NOW);
            case LOST -> coordinator.handle(new CoordinatorEvent.SessionClosed(1, "reset"), NOW);
        }
        String workBefore = works(coordinator);
        String statusBefore = worker(coordinator);
        List<CoordinatorEffect> effects;
        try {
            effects = coordinator.handle(event, NOW);
        } catch (IllegalStateException broken) {
            return "illegal";
        }
        List<String> parts = new ArrayList<>();
        if (!worker(coordinator).equals(statusBefore)) {
            parts.add("**" + worker(coordinator) + "**");
        }
        Cells.changes(workBefore, works(coordinator)).forEach(parts::add);
        List<Counter> counted = new ArrayList<>();
        for (CoordinatorEffect effect : effects) {
            if (effect instanceof CoordinatorEffect.Count count) {
                counted.add(count.counter());
            } else {
                String name = Cells.name(effect);
                if (!parts.contains(name)) {
                    parts.add(name);
                }
            }
        }
        if (parts.isEmpty()) {
            return ignored(counted, event, status == Status.LOST);
        }
        return String.join("; ", parts);
    }

    /** Why nothing changed; the compiler asks for every event. */
    private static String ignored(List<Counter> counted, CoordinatorEvent event, boolean lost) {
        if (counted.contains(Counter.DUPLICATE_DROPPED)) {
            return Cells.DUPLICATE;
        }
        if (counted.contains(Counter.STALE_DROPPED)) {
            return Cells.LATE;
        }
        return switch (event) {
            case CoordinatorEvent.SessionOpened opened -> Cells.DUPLICATE;
            case CoordinatorEvent.StatusReceived status -> Cells.DUPLICATE;
            case CoordinatorEvent.Accepted accepted -> Cells.DUPLICATE;
            case CoordinatorEvent.Rejected rejected -> Cells.LATE;
            case CoordinatorEvent.Ready ready -> Cells.DUPLICATE;
            case CoordinatorEvent.Failed failed -> Cells.LATE;
            case CoordinatorEvent.Fetched fetched -> Cells.LATE;
            case CoordinatorEvent.FetchFailed failed -> Cells.LATE;
            case CoordinatorEvent.SessionClosed closed -> Cells.LATE;
            case CoordinatorEvent.CancelQuery cancel -> Cells.LATE;
            case CoordinatorEvent.Submit submit -> Cells.DUPLICATE;
            case CoordinatorEvent.HeartbeatReceived heartbeat -> lost ? Cells.LATE : "proves life";
            case CoordinatorEvent.Tick() -> "nothing is due";
        };
    }

    private static String worker(Coordinator coordinator) {
        List<WorkerSnapshot> workers = coordinator.workers();
        if (workers.isEmpty()) {
            return "lost";
        }
        WorkerSnapshot worker = workers.getFirst();
        String session = worker.session() == 1 ? "" : ", new session";
        return (worker.draining() ? "draining" : worker.acceptingWork() ? "accepting" : "not accepting") + session;
    }

    private static String works(Coordinator coordinator) {
        StringBuilder text = new StringBuilder();
        for (WorkSnapshot work : coordinator.works()) {
            text.append(work.workId()).append('=').append(work.state()).append(work.attempt() > 1 ? " again" : "");
            text.append('\n');
        }
        return text.toString();
    }
}
