package io.weir.workcoord.sim;

import io.weir.workcoord.coordinator.CoordinatorEvent;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import io.weir.workcoord.coordinator.Priority;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What an API has to believe after the events it was told: a second, plain account of sessions, queries, pieces of work and
 * their attempts, kept from events and effects. {@link ApiChecks} compares the coordinator with it after every step.
 */
final class ApiModel {
    enum Stage {
        ASSIGNED,
        ACCEPTED,
        READY
    }

    /** A live session with a worker. */
    static final class Session {
        final CoordinatorEvent.SessionOpened opened;
        final Set<Attempt> attempts = new LinkedHashSet<>();
        boolean accepting;
        boolean draining;
        int credits;
        int inFlight;
        int backgroundInFlight;
        long heardRunningMillis;
        long heardMillis;
        int heardStalls;

        Session(CoordinatorEvent.SessionOpened opened) {
            this.opened = opened;
            this.accepting = opened.acceptingWork();
            this.draining = opened.draining();
            this.credits = opened.credits();
        }

        long id() {
            return opened.session();
        }

        String workerId() {
            return opened.workerId();
        }

        boolean isAvailable() {
            return accepting && !draining;
        }

        boolean hasRoom() {
            return isAvailable() && inFlight < credits;
        }
    }

    static final class Tenant {
        final Priority priority;
        int inFlight;
        final Set<Query> queries = new LinkedHashSet<>();

        Tenant(Priority priority) {
            this.priority = priority;
        }
    }

    static final class Query {
        final Priority priority;
        final String id;
        final Tenant tenant;
        final String tenantName;
        final long deadlineMillis;
        final long submittedMillis;
        final List<Work> works = new ArrayList<>();
        int committed;
        int inFlight;
        int retries;
        int queuedFresh;
        int hedged;
        /** Milliseconds from assignment to artifact of what is committed. */
        final List<Long> pieceMillis = new ArrayList<>();

        Query(CoordinatorEvent.Submit submit, String tenantName, Tenant tenant, long submittedMillis) {
            this.submittedMillis = submittedMillis;
            this.priority = submit.priority();
            this.id = submit.queryId();
            this.tenantName = tenantName;
            this.tenant = tenant;
            this.deadlineMillis = submit.deadlineMillis();
        }

        boolean isBackground() {
            return priority == Priority.BACKGROUND;
        }
    }

    static final class Work {
        final Query query;
        final CoordinatorEvent.Unit unit;
        final Set<String> tried = new HashSet<>();
        final List<Attempt> live = new ArrayList<>(2);
        int attempts;
        int failures;
        boolean committed;
        /** A failed attempt may wait until then although a worker has room. */
        long mayWaitUntilMillis;

        Work(Query query, CoordinatorEvent.Unit unit) {
            this.query = query;
            this.unit = unit;
        }
    }

    static final class Attempt {
        final Work work;
        final int number;
        final Session session;
        final long assignedMillis;
        Stage stage = Stage.ASSIGNED;
        long workedMillis;

        Attempt(Work work, int number, Session session, long assignedMillis) {
            this.work = work;
            this.number = number;
            this.session = session;
            this.assignedMillis = assignedMillis;
        }

        /** The other attempt at a straggler, if there is one. */
        @Nullable
        Attempt beside() {
            for (Attempt other : work.live) {
                if (other != this) {
                    return other;
                }
            }
            return null;
        }

        /** Whether it began as the second of two that live. */
        boolean isHedge() {
            return work.live.size() == 2 && work.live.getLast() == this;
        }
    }

    final CoordinatorLimits limits;
    final TreeMap<Long, Session> sessions = new TreeMap<>();
    final Map<String, Query> queries = new LinkedHashMap<>();
    final Map<String, Tenant> tenants = new LinkedHashMap<>();
    final Map<String, Work> works = new HashMap<>();
    /** Work without a live attempt that is not committed. */
    final Set<Work> queued = new LinkedHashSet<>();

    /** Attempts ended in this step whose worker must be told. */
    final Set<Attempt> mustCancel = new LinkedHashSet<>();
    /** Attempts ended in this step whose fetch must be stopped. */
    final Set<Attempt> mustAbort = new LinkedHashSet<>();
    /** Work that came back in this step by a failure reported. */
    final List<Work> reported = new ArrayList<>();
    /** Queries of which a limit was reached in this step: they have to fail. */
    final Set<Query> exhausted = new LinkedHashSet<>();

    /** The query that a failure reported in this step ends, whatever its limits. */
    @Nullable
    Query failedForGood;

    int inFlight;

    ApiModel(CoordinatorLimits limits) {
        this.limits = limits;
    }

    void beginStep() {
        mustCancel.clear();
        mustAbort.clear();
        reported.clear();
        exhausted.clear();
        failedForGood = null;
    }

    @Nullable
    Attempt attempt(long session, String workId, int number) {
        Work work = works.get(workId);
        if (work != null) {
            for (Attempt attempt : work.live) {
                if (attempt.session.id() == session && attempt.number == number) {
                    return attempt;
                }
            }
        }
        return null;
    }

    @Nullable
    Attempt attempt(String workId, int number) {
        Work work = works.get(workId);
        if (work != null) {
            for (Attempt attempt : work.live) {
                if (attempt.number == number) {
                    return attempt;
                }
            }
        }
        return null;
    }

    Query begin(CoordinatorEvent.Submit submit, long nowMillis) {
        // What a tenant has in one priority says nothing of its turn in the other.
        String name = submit.priority() + " " + submit.tenant();
        Tenant tenant = tenants.computeIfAbsent(name, unknown -> new Tenant(submit.priority()));
        Query query = new Query(submit, name, tenant, nowMillis);
        tenant.queries.add(query);
        for (CoordinatorEvent.Unit unit : submit.units()) {
            Work work = new Work(query, unit);
            query.works.add(work);
            works.put(unit.workId(), work);
            queued.add(work);
        }
        query.queuedFresh = query.works.size();
        queries.put(query.id, query);
        return query;
    }

    /** The query is over: everything of it that is on a worker has to be canceled there. */
    void end(Query query) {
        for (Work work : query.works) {
            for (Attempt attempt : List.copyOf(work.live)) {
                stop(attempt);
            }
            queued.remove(work);
            works.remove(work.unit.workId());
        }
        queries.remove(query.id);
        query.tenant.queries.remove(query);
        if (query.tenant.queries.isEmpty()) {
            tenants.remove(query.tenantName);
        }
    }

    /** Ends an attempt from this side: its worker has to be told, its fetch to be stopped. */
    void stop(Attempt attempt) {
        mustCancel.add(attempt);
        if (attempt.stage == Stage.READY) {
            mustAbort.add(attempt);
        }
        detach(attempt);
    }

    void assign(Work work, Session session, int number, long nowMillis) {
        Attempt attempt = new Attempt(work, number, session, nowMillis);
        if (work.attempts == 0) {
            work.query.queuedFresh--;
        }
        work.attempts = number;
        work.live.add(attempt);
        session.attempts.add(attempt);
        queued.remove(work);
        occupy(attempt, 1);
    }

    void ready(Attempt attempt, long nowMillis) {
        occupy(attempt, -1);
        attempt.workedMillis = nowMillis - attempt.assignedMillis;
        attempt.stage = Stage.READY;
    }

    void commit(Attempt attempt) {
        detach(attempt);
        attempt.work.committed = true;
        attempt.work.query.committed++;
        attempt.work.query.pieceMillis.add(attempt.workedMillis);
    }

    /** The attempt is over without a result; the work waits again unless another attempt lives. */
    void release(Attempt attempt) {
        detach(attempt);
        attempt.work.tried.add(attempt.session.workerId());
        if (attempt.work.live.isEmpty()) {
            queued.add(attempt.work);
        }
    }

    /** An attempt that counts as failed ended. */
    void fail(Attempt attempt, boolean reportedFailure) {
        Work work = attempt.work;
        release(attempt);
        if (!work.live.isEmpty()) {
            // The other attempt makes good for it.
            return;
        }
        if (reportedFailure) {
            work.query.retries++;
            reported.add(work);
        }
        work.failures++;
        boolean spent = work.failures >= limits.attemptsMax()
                || (reportedFailure && work.query.retries > limits.queryRetriesMax());
        if (spent) {
            exhausted.add(work.query);
        }
        noteAssignments(work);
    }

    /** The attempt ended by nobody's fault. */
    void giveBack(Attempt attempt) {
        release(attempt);
        noteAssignments(attempt.work);
    }

    private void noteAssignments(Work work) {
        if (work.live.isEmpty() && work.attempts >= limits.assignmentsMax()) {
            exhausted.add(work.query);
        }
    }

    void endSession(Session session) {
        sessions.remove(session.id());
        for (Attempt attempt : List.copyOf(session.attempts)) {
            if (attempt.stage == Stage.READY) {
                mustAbort.add(attempt);
            }
            fail(attempt, false);
        }
    }

    /** The worker stopped accepting work: what it has not accepted moves at once. */
    void takeBack(Session session) {
        for (Attempt attempt : List.copyOf(session.attempts)) {
            if (attempt.stage == Stage.ASSIGNED) {
                mustCancel.add(attempt);
                giveBack(attempt);
            }
        }
    }

    private void detach(Attempt attempt) {
        if (attempt.stage != Stage.READY) {
            occupy(attempt, -1);
        }
        attempt.work.live.remove(attempt);
        attempt.session.attempts.remove(attempt);
    }

    private void occupy(Attempt attempt, int change) {
        attempt.session.inFlight += change;
        attempt.session.backgroundInFlight += attempt.work.query.isBackground() ? change : 0;
        attempt.work.query.inFlight += change;
        attempt.work.query.tenant.inFlight += change;
        inFlight += change;
    }

    /** Age at which a piece of the query is a straggler; MAX_VALUE while none can be, or none may be hedged any more. */
    long stragglerMillis(Query query) {
        int budget = (query.works.size() * limits.hedge().percentMax() + 99) / 100;
        if (query.isBackground() || query.hedged >= budget || 2 * query.pieceMillis.size() < query.works.size()) {
            return Long.MAX_VALUE;
        }
        List<Long> sorted = new ArrayList<>(query.pieceMillis);
        Collections.sort(sorted);
        long median = sorted.get(sorted.size() / 2);
        return Math.max(limits.hedge().millisMin(), median * limits.hedge().medianPercent() / 100);
    }

    /** Whether a second attempt at what this one is at may go to the worker. */
    static boolean mayHedge(Attempt attempt, Session session) {
        return session.hasRoom() && session != attempt.session && !attempt.work.tried.contains(session.workerId());
    }

    boolean anyAvailable() {
        for (Session session : sessions.values()) {
            if (session.isAvailable()) {
                return true;
            }
        }
        return false;
    }

    /** Background work may take its share of a worker's credits, one in any case. */
    boolean hasRoom(Session session, Query query) {
        int share = session.credits * limits.backgroundPercentMax() / 100;
        return session.hasRoom() && (!query.isBackground() || session.backgroundInFlight < Math.max(share, 1));
    }

    /** Pieces of work of a priority that wait. */
    int queued(Priority priority) {
        int count = 0;
        for (Work work : queued) {
            count += work.query.priority == priority ? 1 : 0;
        }
        return count;
    }

    boolean interactiveWaits() {
        for (Work work : queued) {
            if (!work.query.isBackground()) {
                return true;
            }
        }
        return false;
    }

    boolean anyRoom() {
        for (Session session : sessions.values()) {
            if (session.hasRoom()) {
                return true;
            }
        }
        return false;
    }

    boolean anyUntried(Work work) {
        for (Session session : sessions.values()) {
            if (session.isAvailable() && !work.tried.contains(session.workerId())) {
                return true;
            }
        }
        return false;
    }

    /** The first waiting work that could be placed now, of that whose back-off ends after a time. */
    Optional<Work> placeable(long nowMillis, long backOffAfterMillis) {
        // Looked at once: the queue may be long.
        boolean interactiveWaits = interactiveWaits();
        return queued.stream()
                .filter(work -> work.mayWaitUntilMillis > backOffAfterMillis)
                .filter(work -> placeable(work, nowMillis, interactiveWaits))
                .findFirst();
    }

    private boolean placeable(Work work, long nowMillis, boolean interactiveWaits) {
        if (work.mayWaitUntilMillis > nowMillis || (work.query.isBackground() && interactiveWaits)) {
            return false;
        }
        boolean untried = !work.tried.isEmpty() && anyUntried(work);
        for (Session session : sessions.values()) {
            if (hasRoom(session, work.query) && !(untried && work.tried.contains(session.workerId()))) {
                return true;
            }
        }
        return false;
    }
}
