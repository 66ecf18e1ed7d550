package io.weir.workcoord.sim;

import java.util.ArrayList;
import java.util.List;

/** The mistakes in the core that the simulator has to find. */
final class SeededFaults {
    private SeededFaults() {}

    static List<SeededFault> all() {
        List<SeededFault> all = new ArrayList<>();
        all.addAll(fences());
        all.addAll(failures());
        all.addAll(placement());
        all.addAll(ends());
        all.addAll(hedging());
        all.addAll(background());
        all.addAll(agent());
        all.addAll(agentEnds());
        return all;
    }

    private static final String COORDINATOR = "coordinator/Coordinator.java";
    private static final String WORK_ITEM = "coordinator/WorkItem.java";
    private static final String WORK_STATE = "coordinator/WorkState.java";
    private static final String MEMBERSHIP = "coordinator/Membership.java";
    private static final String WORKER_ENTRY = "coordinator/WorkerEntry.java";
    private static final String FAIR_QUEUE = "coordinator/FairQueue.java";
    private static final String QUERY_ENTRY = "coordinator/QueryEntry.java";
    private static final String HEDGING = "coordinator/Hedging.java";
    private static final String AGENT = "agent/WorkerAgent.java";

    private static List<SeededFault> fences() {
        return List.of(
                SeededFault.of(
                        "no fence for messages of old sessions and attempts",
                        COORDINATOR,
                        "item == null ? Optional.empty() : item.attempt(number).filter(attempt ->"
                                + " attempt.isOwnedBy(session));",
                        "item == null ? Optional.empty()"
                                + " : Optional.of(item.primary).filter(attempt -> attempt.owner != null);"),
                SeededFault.of(
                        "messages of an earlier attempt on the same session are taken for the current one's",
                        COORDINATOR,
                        "item == null ? Optional.empty() : item.attempt(number).filter(attempt ->"
                                + " attempt.isOwnedBy(session));",
                        "item == null ? Optional.empty()"
                                + " : Optional.of(item.primary).filter(attempt -> attempt.isOwnedBy(session));"),
                SeededFault.of(
                        "Ready is taken from a worker that does not own the work",
                        COORDINATOR,
                        "current(ready.session(), ready.workId(), ready.attempt())\n",
                        "Optional.of(item.primary).filter(attempt -> attempt.owner != null)\n"),
                SeededFault.of(
                        "Ready is applied twice",
                        WORK_STATE,
                        "case READY -> takesCredit() ? moves(READY)",
                        "case READY -> owned ? moves(READY)"),
                SeededFault.of(
                        "the download of an old attempt is committed",
                        COORDINATOR,
                        ": item.attempt(number).filter(attempt -> attempt.state() == WorkState.READY);",
                        ": Optional.of(item.primary).filter(attempt -> attempt.state() == WorkState.READY);"),
                SeededFault.of(
                        "a query completes with one piece of work missing",
                        COORDINATOR,
                        "if (query.committed == query.works.size()) {",
                        "if (query.committed >= query.works.size() - 1) {"),
                SeededFault.of(
                        "a committed piece of work is still its worker's, and runs again when that dies",
                        COORDINATOR,
                        "        attempt.move(WorkTrigger.FETCHED);\n",
                        ""));
    }

    private static List<SeededFault> failures() {
        return List.of(
                SeededFault.of(
                        "an API never takes a worker for dead",
                        COORDINATOR,
                        "List<WorkerEntry> silent = members.silent(nowMillis);",
                        "List<WorkerEntry> silent = List.of();"),
                SeededFault.of(
                        "an API that was stopped blames its workers",
                        COORDINATOR,
                        "members.live().forEach(worker -> worker.heartbeat.forgive(stalledMillis));",
                        "members.live().forEach(worker -> worker.heartbeat.forgive(0));"),
                SeededFault.of(
                        "work moves from one dead worker to the next: expire and reassign one by one",
                        COORDINATOR,
                        "        for (WorkerEntry worker : lost) {\n            members.remove(worker, nowMillis);\n"
                                + "        }\n        for (WorkerEntry worker : lost) {",
                        "        for (WorkerEntry worker : lost) {\n            members.remove(worker, nowMillis);",
                        "Check.equal(worker.attempts.size(), 0, \"what a lost worker owns\");",
                        "placeQueued(nowMillis);"),
                SeededFault.of(
                        "finished work that nobody fetched is not run again when its worker dies",
                        COORDINATOR,
                        "                if (attempt.owner == worker) {",
                        "                if (attempt.owner == worker && attempt.state() != WorkState.READY) {",
                        "Check.equal(worker.attempts.size(), 0, \"what a lost worker owns\");",
                        ""),
                SeededFault.of(
                        "a replaced session keeps its work",
                        COORDINATOR,
                        "lose(List.of(superseded), \"its session was replaced by a newer one\", nowMillis);",
                        "members.remove(superseded, nowMillis);"),
                SeededFault.of(
                        "queued work is not looked at when a worker comes back",
                        COORDINATOR,
                        "        placeQueued(nowMillis);\n        hedgeStragglers",
                        "        if (!(event instanceof CoordinatorEvent.SessionOpened)) {\n"
                                + "            placeQueued(nowMillis);\n        }\n        hedgeStragglers"),
                SeededFault.of(
                        "an older session that finishes its handshake late replaces the live one",
                        MEMBERSHIP,
                        "known.address.equals(opened.address()) && known.session < opened.session();",
                        "known.address.equals(opened.address());"),
                SeededFault.of(
                        "the attempts of a piece of work are not limited",
                        COORDINATOR,
                        "if (item.failures >= limits.attemptsMax()) {",
                        "if (item.failures > limits.attemptsMax()) {"),
                SeededFault.of(
                        "the retries of a query are not limited",
                        COORDINATOR,
                        "if (item.query.retries > limits.queryRetriesMax()) {",
                        "if (item.query.retries > Integer.MAX_VALUE - 1) {"),
                SeededFault.of(
                        "the assignments of a piece of work are not limited",
                        COORDINATOR,
                        "if (item.assignments >= limits.assignmentsMax()) {",
                        "if (item.assignments > limits.assignmentsMax()) {"),
                SeededFault.of(
                        "a failed piece of work is tried again at once where it failed",
                        COORDINATOR,
                        "if (item.notBeforeMillis > nowMillis) {",
                        "if (item.notBeforeMillis > nowMillis && item.failures > 100) {"),
                SeededFault.of(
                        "nobody wakes the coordinator when a back-off is over",
                        QUERY_ENTRY,
                        "if (item.notBeforeMillis > afterMillis) {",
                        "if (item.notBeforeMillis > Long.MAX_VALUE - 1) {"));
    }

    private static List<SeededFault> placement() {
        return List.of(
                SeededFault.of(
                        "a worker that drains or is full on disk still gets work",
                        WORKER_ENTRY,
                        "return isAvailable() && inFlight < credits;",
                        "return inFlight < Math.max(1, credits);"),
                SeededFault.of(
                        "credits are ignored",
                        WORKER_ENTRY,
                        "return isAvailable() && inFlight < credits;",
                        "return isAvailable();"),
                SeededFault.of(
                        "a worker that rejects stays in rotation",
                        COORDINATOR,
                        "worker.acceptingWork = false;",
                        "worker.acceptingWork |= false;"),
                SeededFault.of(
                        "work that a draining worker has not accepted stays there",
                        COORDINATOR,
                        "        if (!worker.isAvailable()) {\n            takeBackUnaccepted",
                        "        if (worker.inFlight < 0) {\n            takeBackUnaccepted"),
                SeededFault.of(
                        "a worker that tried the work gets it again while another is there",
                        MEMBERSHIP,
                        "? worker -> worker.hasRoom(priority) && !item.tried.contains(worker.workerId)\n",
                        "? worker -> worker.hasRoom(priority)\n"),
                SeededFault.of(
                        "the first worker with room gets the work, not the best ranked",
                        MEMBERSHIP,
                        "return best(item.keyHash, eligible);",
                        "return byId.values().stream().filter(eligible).findFirst().orElse(null);"),
                SeededFault.of(
                        "keys move when the number of workers changes",
                        MEMBERSHIP,
                        "long score = Rendezvous.score(keyHash, worker.idHash);",
                        "long score = Rendezvous.score(keyHash + byId.size(), worker.idHash);"),
                SeededFault.of(
                        "a tenant with much work on the workers goes first",
                        FAIR_QUEUE,
                        "tenant -> tenant.inFlight)",
                        "tenant -> -tenant.inFlight)"),
                SeededFault.of(
                        "tenants take turns whatever they have on the workers",
                        FAIR_QUEUE,
                        "tenant -> tenant.inFlight)",
                        "tenant -> 0)"),
                SeededFault.of(
                        "the queries of a tenant are served first come first served",
                        FAIR_QUEUE,
                        "queriesInTurn.sort(QUERY_TURN);",
                        "queriesInTurn.sort(Comparator.comparing((QueryEntry query) -> query.queryId));"));
    }

    private static List<SeededFault> ends() {
        return List.of(
                SeededFault.of(
                        "deadlines of queries are ignored",
                        COORDINATOR,
                        "if (query.deadlineMillis <= nowMillis) {",
                        "if (query.deadlineMillis <= 0) {"),
                SeededFault.of(
                        "nobody wakes the coordinator at a deadline",
                        COORDINATOR,
                        "next = Math.min(next, query.deadlineMillis);",
                        "next = Math.min(next, Long.MAX_VALUE);"),
                SeededFault.of(
                        "queries wait for workers for ever",
                        COORDINATOR,
                        "members.noWorkersDueMillis(query.submittedMillis) <= nowMillis) {",
                        "members.noWorkersDueMillis(query.submittedMillis) <= 0) {"),
                SeededFault.of(
                        "workers are not told that a query is over",
                        COORDINATOR,
                        "if (attempt.state().isOwned()) {",
                        "if (attempt.state() == WorkState.QUEUED && attempt.owner != null) {"),
                SeededFault.of(
                        "workers keep finished artifacts of a query that is over",
                        COORDINATOR,
                        "if (attempt.state().isOwned()) {",
                        "if (attempt.state().takesCredit()) {"),
                SeededFault.of(
                        "a worker is not told that its artifact could not be fetched",
                        COORDINATOR,
                        "effects.add(new SendCancel(worker.session, item.workId, \"its artifact could not be"
                                + " fetched\"));",
                        ""),
                SeededFault.of(
                        "a fetched artifact is not acknowledged",
                        COORDINATOR,
                        "effects.add(new SendAck(worker.session, item.workId, attempt.number));",
                        ""),
                SeededFault.of(
                        "the download from a failed attempt goes on",
                        COORDINATOR,
                        "        abortFetch(attempt);\n        if (kind ==",
                        "        if (kind =="),
                SeededFault.of(
                        "the work of a query that is over is remembered",
                        COORDINATOR,
                        "            works.remove(item.workId);\n",
                        ""),
                SeededFault.of(
                        "reading a view takes work from the queue",
                        FAIR_QUEUE,
                        "oldest = Math.min(oldest, query.queuedSinceMillis(nowMillis));",
                        "query.fresh.pollFirst();"),
                SeededFault.of(
                        "an effect depends on where an object lies in memory",
                        COORDINATOR,
                        "count(worker == members.best(item.keyHash) ? Counter.AFFINITY_HIT : Counter.AFFINITY_MISS);",
                        "count((System.identityHashCode(item) & 1) == 0 ? Counter.AFFINITY_HIT :"
                                + " Counter.AFFINITY_MISS);"));
    }

    private static List<SeededFault> hedging() {
        return List.of(
                SeededFault.of(
                        "the losing attempt goes on and may be committed too",
                        COORDINATOR,
                        "            withdraw(other, \"another attempt's artifact is committed\");\n",
                        ""),
                SeededFault.of(
                        "the losing attempt's worker is not told",
                        COORDINATOR,
                        "effects.add(new SendCancel(attempt.requireOwner().session, attempt.work.workId, reason));",
                        ""),
                SeededFault.of(
                        "both attempts' artifacts are fetched",
                        COORDINATOR,
                        "if (other != null && other.state() == WorkState.READY) {",
                        "if (other != null && other.state() == WorkState.FAILED) {"),
                SeededFault.of(
                        "the second attempt is forgotten when the first is lost",
                        WORK_ITEM,
                        "        primary = other;\n",
                        ""),
                SeededFault.of(
                        "a second attempt that fails for good fails the query",
                        COORDINATOR,
                        "return item.hedge != null && (attempt == item.hedge || item.hedge.state() =="
                                + " WorkState.READY);",
                        "return item.hedge != null && item.hedge.state() == WorkState.READY;"),
                SeededFault.of(
                        "second attempts beyond the budget",
                        COORDINATOR,
                        "                        query.hedged++;\n",
                        ""),
                SeededFault.of(
                        "second attempts before it is known what is slow",
                        HEDGING,
                        "2 * query.pieceMillis.count() >= query.works.size();",
                        "query.pieceMillis.count() > 0;"),
                SeededFault.of(
                        "a second attempt beside the first on the same worker",
                        MEMBERSHIP,
                        "worker != item.primary.owner && ",
                        ""),
                SeededFault.of(
                        "second attempts take the room that queued work waits for",
                        COORDINATOR,
                        "        if (!queues.of(Priority.INTERACTIVE).isEmpty()) {\n            return;\n        }\n"
                                + "        for (QueryEntry",
                        "        for (QueryEntry"),
                SeededFault.of(
                        "nobody wakes the coordinator for a straggler",
                        COORDINATOR,
                        "next = Math.min(next, hedging.nextStragglerMillis(query, stalls.lastStepMillis()));",
                        ""));
    }

    private static List<SeededFault> background() {
        return List.of(
                SeededFault.of(
                        "background work takes room that waiting interactive work may want next",
                        COORDINATOR,
                        "            if (!queue.isEmpty()) {\n",
                        "            if (queue.size() > 1_000) {\n"),
                SeededFault.of(
                        "background work takes every credit",
                        WORKER_ENTRY,
                        "hasRoom() && backgroundInFlight < Math.max(1, (long) credits * backgroundPercentMax / 100);",
                        "hasRoom();"),
                SeededFault.of(
                        "background work never gives its share back",
                        WORKER_ENTRY,
                        "backgroundInFlight -= priority == Priority.BACKGROUND ? 1 : 0;",
                        ""),
                SeededFault.of(
                        "a small share is none",
                        WORKER_ENTRY,
                        "Math.max(1, (long) credits * backgroundPercentMax / 100)",
                        "(long) credits * backgroundPercentMax / 100"),
                SeededFault.of(
                        "background work has second attempts",
                        HEDGING,
                        "query.priority == Priority.INTERACTIVE",
                        "query.priority != null"));
    }

    private static List<SeededFault> agent() {
        return List.of(
                SeededFault.of(
                        "a worker never takes an API for dead",
                        AGENT,
                        "if (session.heartbeat.isSilent(nowMillis)) {",
                        "if (session.heartbeat.isSilent(0)) {"),
                SeededFault.of(
                        "a worker that was stopped blames the APIs",
                        AGENT,
                        "sessions.values().forEach(session -> session.heartbeat.forgive(stalledMillis));",
                        "sessions.values().forEach(session -> session.heartbeat.forgive(0));"),
                SeededFault.of(
                        "what runs for an API that is gone goes on",
                        AGENT,
                        "            if (task.session == session) {",
                        "            if (task.session == session && task.state() != TaskState.RUNNING) {",
                        "Check.equal(session.held, 0, \"work held for an API that is gone\");",
                        ""),
                SeededFault.of(
                        "what waits for an API that is gone runs later",
                        AGENT,
                        "            if (task.session == session) {",
                        "            if (task.session == session && task.state() != TaskState.QUEUED) {",
                        "Check.equal(session.held, 0, \"work held for an API that is gone\");",
                        ""),
                SeededFault.of(
                        "the work of a replaced session goes on",
                        AGENT,
                        "lose(known, \"its session was replaced by a newer one\");",
                        "sessions.remove(known.session);"),
                SeededFault.of(
                        "an old handshake replaces a newer session",
                        AGENT,
                        "if (known != null && opened.apiSession() <= known.apiSession) {",
                        "if (known != null && opened.apiSession() < 0) {"),
                SeededFault.of(
                        "work that waits runs although it was canceled",
                        AGENT,
                        "&& task.key.workId().equals(cancel.workId())) {",
                        "&& task.key.workId().equals(cancel.workId()) && task.state() != TaskState.QUEUED) {"),
                SeededFault.of(
                        "a canceled execution is not told to stop",
                        AGENT,
                        "case RUNNING -> effects.add(new CancelExecution(task.key.workId(), task.key.attempt(),"
                                + " reason));",
                        "case RUNNING -> { }"),
                SeededFault.of(
                        "executions go on after their deadline",
                        AGENT,
                        "if (task.deadlineMillis <= nowMillis) {",
                        "if (task.deadlineMillis <= 0) {"),
                SeededFault.of(
                        "nobody wakes the worker at a deadline",
                        AGENT,
                        "next = Math.min(next, task.deadlineMillis);",
                        "next = Math.min(next, Long.MAX_VALUE);"),
                SeededFault.of(
                        "one more execution than slots",
                        AGENT,
                        "while (running < limits.slotsMax() && queued > 0) {",
                        "while (running <= limits.slotsMax() && queued > 0) {"),
                SeededFault.of("the first API gets every slot", AGENT, ".min(TURN)", ".findFirst()"),
                SeededFault.of(
                        "a credit is given to another API before the first knows that it lost it",
                        AGENT,
                        "if (session.confirmSequence == 0) {",
                        "if (session.confirmSequence >= 0) {"));
    }

    private static List<SeededFault> agentEnds() {
        return List.of(
                SeededFault.of(
                        "a canceled artifact stays on the disk",
                        AGENT,
                        "                tasks.remove(task.key);\n"
                                + "                effects.add(new DiscardArtifact(task.key.workId(),"
                                + " task.key.attempt()));",
                        "                tasks.remove(task.key);"),
                SeededFault.of(
                        "what a canceled execution still wrote stays on the disk",
                        AGENT,
                        "effects.add(new DiscardArtifact(key.workId(), key.attempt()));",
                        ""),
                SeededFault.of(
                        "an API is not told that an artifact was evicted",
                        AGENT,
                        "sendFailed(task, FailureKind.ARTIFACT_LOST, lost.reason());",
                        ""),
                SeededFault.of(
                        "a draining worker takes work",
                        AGENT,
                        "        if (draining) {\n            return Optional.of(",
                        "        if (drained) {\n            return Optional.of("),
                SeededFault.of(
                        "a draining worker keeps what it has not started",
                        AGENT,
                        "if (task.move(TaskTrigger.HAND_BACK)) {",
                        "if (task.state() == TaskState.GONE) {"),
                SeededFault.of(
                        "a draining worker tells nobody",
                        AGENT,
                        "        announce();\n        for (Task task",
                        "        for (Task task"),
                SeededFault.of(
                        "a drain ends before its artifacts are fetched",
                        AGENT,
                        "boolean finished = tasks.isEmpty();",
                        "boolean finished = running == 0 && queued == 0;"),
                SeededFault.of(
                        "a drain has no limit",
                        AGENT,
                        "if (finished || drainDueMillis <= nowMillis) {",
                        "if (finished || drainDueMillis <= 0) {"),
                SeededFault.of(
                        "an acknowledged artifact is kept",
                        AGENT,
                        "effects.add(new AcknowledgeArtifact(ack.workId(), ack.attempt()));",
                        ""));
    }
}
