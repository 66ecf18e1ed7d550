package io.weir.workcoord.sim;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import io.weir.workcoord.sim.ApiModel.Attempt;
import io.weir.workcoord.sim.ApiModel.Query;
import io.weir.workcoord.sim.ApiModel.Session;
import io.weir.workcoord.sim.ApiModel.Stage;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Takes events into the account of an API as the specification has them, and checks what the coordinator made of each. */
final class ApiEvents {
    private final SimNode node;
    private final CoordinatorLimits limits;
    private final ApiModel model;
    final Set<String> committed = new HashSet<>();

    ApiEvents(SimNode node, CoordinatorLimits limits, ApiModel model) {
        this.node = node;
        this.limits = limits;
        this.model = model;
    }

    private static Violation broken(Invariant invariant, String message) {
        return new Violation(invariant, message);
    }

    void heard(Session session, long now) {
        session.heardMillis = now;
        session.heardRunningMillis = node.runningMillis();
        session.heardStalls = node.stalls;
    }

    // The event, as the specification has it.

    void endSilent(List<CoordinatorEffect> effects, long now) {
        for (CoordinatorEffect effect : effects) {
            if (effect instanceof CoordinatorEffect.CloseSession close
                    && close.reason() == CoordinatorEffect.CloseReason.SILENT) {
                Session session = model.sessions.get(close.session());
                if (session == null) {
                    throw broken(Invariant.I3, "a session that is gone falls silent: " + close);
                }
                long silence = node.stalls == session.heardStalls
                        ? now - session.heardMillis
                        : node.runningMillis()
                                - session.heardRunningMillis
                                + 1_500L * (node.stalls - session.heardStalls);
                if (silence < limits.heartbeat().silenceMillis()) {
                    throw broken(Invariant.L4, "closed as silent after " + silence + " ms: " + session.workerId());
                }
                model.endSession(session);
            }
        }
    }

    void apply(CoordinatorEvent event, List<CoordinatorEffect> effects, long now) {
        switch (event) {
            case CoordinatorEvent.Submit submit -> submit(submit, effects, now);
            case CoordinatorEvent.CancelQuery cancel -> {
                Query query = model.queries.get(cancel.queryId());
                if (query != null) {
                    model.end(query);
                }
            }
            case CoordinatorEvent.Tick tick -> {
                // What is due is checked after every step.
            }
            case CoordinatorEvent.SessionOpened opened -> open(opened, effects, now);
            case CoordinatorEvent.SessionClosed closed -> {
                Session session = model.sessions.get(closed.session());
                if (session != null) {
                    model.endSession(session);
                }
            }
            case CoordinatorEvent.StatusReceived status -> {
                Session session = model.sessions.get(status.session());
                if (session != null) {
                    session.accepting = status.acceptingWork();
                    session.draining = status.draining();
                    session.credits = status.credits();
                    if (!session.isAvailable()) {
                        model.takeBack(session);
                    }
                }
            }
            case CoordinatorEvent.HeartbeatReceived heartbeat -> {
                boolean answered = false;
                for (CoordinatorEffect effect : effects) {
                    answered |= effect instanceof CoordinatorEffect.SendHeartbeat sent && sent.reply();
                }
                boolean expected = !heartbeat.reply() && model.sessions.containsKey(heartbeat.session());
                if (answered != expected) {
                    throw broken(Invariant.L4, "a heartbeat is answered once, by the session it came on: " + heartbeat);
                }
            }
            case CoordinatorEvent.Accepted accepted -> {
                Attempt attempt = model.attempt(accepted.session(), accepted.workId(), accepted.attempt());
                if (attempt != null && attempt.stage == Stage.ASSIGNED) {
                    attempt.stage = Stage.ACCEPTED;
                }
            }
            case CoordinatorEvent.Rejected rejected -> rejected(rejected);
            case CoordinatorEvent.Ready ready -> ready(ready, effects, now);
            case CoordinatorEvent.Failed failed -> failed(failed, effects);
            case CoordinatorEvent.Fetched fetched -> fetched(fetched, effects);
            case CoordinatorEvent.FetchFailed failed -> {
                Attempt attempt = model.attempt(failed.workId(), failed.attempt());
                if (attempt != null && attempt.stage == Stage.READY) {
                    model.mustCancel.add(attempt);
                    model.fail(attempt, true);
                }
            }
        }
    }

    private void submit(CoordinatorEvent.Submit submit, List<CoordinatorEffect> effects, long now) {
        boolean accepted = effects.contains(new CoordinatorEffect.SubmitAccepted(submit.queryId()));
        boolean fits = model.works.size() + submit.units().size() <= limits.worksMax()
                && model.queries.size() < limits.queriesMax();
        boolean due = submit.deadlineMillis() <= now;
        if (accepted && (!fits || due)) {
            throw broken(Invariant.I12, "a query beyond the limits was taken: " + submit.queryId());
        }
        if (!accepted && fits && !due && !model.sessions.isEmpty()) {
            throw broken(Invariant.I12, "a query within the limits was refused: " + effects);
        }
        if (accepted) {
            model.begin(submit, now);
        }
    }

    private void open(CoordinatorEvent.SessionOpened opened, List<CoordinatorEffect> effects, long now) {
        Session same = null;
        for (Session session : model.sessions.values()) {
            if (session.workerId().equals(opened.workerId())) {
                same = session;
            }
        }
        boolean refused = false;
        for (CoordinatorEffect effect : effects) {
            refused |= effect instanceof CoordinatorEffect.CloseSession close && close.session() == opened.session();
        }
        boolean replaces =
                same != null && same.opened.address().equals(opened.address()) && same.id() < opened.session();
        boolean expected = replaces || (same == null && model.sessions.size() < limits.workersMax());
        if (expected == refused) {
            throw broken(Invariant.I4, "a session is admitted if it is new or replaces one: " + opened + " " + effects);
        }
        if (same != null && replaces) {
            boolean closed = false;
            for (CoordinatorEffect effect : effects) {
                closed |= effect instanceof CoordinatorEffect.CloseSession close && close.session() == same.id();
            }
            if (!closed) {
                throw broken(Invariant.I3, "a replaced session is closed: " + same.id());
            }
            model.endSession(same);
        }
        if (!refused) {
            Session session = new Session(opened);
            heard(session, now);
            model.sessions.put(opened.session(), session);
        }
    }

    private void rejected(CoordinatorEvent.Rejected rejected) {
        Session session = model.sessions.get(rejected.session());
        if (session == null) {
            return;
        }
        session.accepting = false;
        Attempt attempt = model.attempt(rejected.session(), rejected.workId(), rejected.attempt());
        if (attempt != null) {
            attempt.work.tried.add(session.workerId());
            if (attempt.stage != Stage.READY) {
                model.giveBack(attempt);
            }
        }
        model.takeBack(session);
    }

    private void ready(CoordinatorEvent.Ready ready, List<CoordinatorEffect> effects, long now) {
        Attempt attempt = model.attempt(ready.session(), ready.workId(), ready.attempt());
        Attempt other = attempt == null ? null : attempt.beside();
        if (attempt != null && other != null && other.stage == Stage.READY) {
            // The other's artifact is being fetched.
            model.stop(attempt);
            attempt = null;
        }
        boolean first = attempt != null && attempt.stage != Stage.READY;
        int fetches = 0;
        for (CoordinatorEffect effect : effects) {
            if (effect instanceof CoordinatorEffect.StartFetch fetch) {
                fetches++;
                if (!fetch.workId().equals(ready.workId()) || fetch.attempt() != ready.attempt()) {
                    throw broken(Invariant.I5, "fetches what was not announced: " + fetch);
                }
            }
        }
        if (fetches != (first ? 1 : 0)) {
            throw broken(
                    Invariant.I5, fetches + " fetches started, current first announcement: " + first + ", " + ready);
        }
        if (attempt != null && first) {
            model.ready(attempt, now);
        }
    }

    private void failed(CoordinatorEvent.Failed failed, List<CoordinatorEffect> effects) {
        Attempt attempt = model.attempt(failed.session(), failed.workId(), failed.attempt());
        if (attempt == null) {
            return;
        }
        boolean wasReady = attempt.stage == Stage.READY;
        if (wasReady) {
            model.mustAbort.add(attempt);
        }
        Attempt other = attempt.beside();
        boolean dispensable = other != null && (attempt.isHedge() || other.stage == Stage.READY);
        if (failed.kind() == FailureKind.HANDED_BACK && !wasReady) {
            model.giveBack(attempt);
        } else if (failed.kind().isRetryable() || dispensable) {
            model.fail(attempt, true);
        } else {
            model.release(attempt);
            model.failedForGood = attempt.work.query;
            boolean ended = false;
            for (CoordinatorEffect effect : effects) {
                ended |= effect instanceof CoordinatorEffect.QueryFailed over
                        && over.queryId().equals(attempt.work.query.id)
                        && over.kind() == failed.kind();
            }
            if (!ended) {
                throw broken(Invariant.I12, "a final failure fails the query: " + failed);
            }
        }
    }

    private void fetched(CoordinatorEvent.Fetched fetched, List<CoordinatorEffect> effects) {
        Attempt attempt = model.attempt(fetched.workId(), fetched.attempt());
        boolean expected = attempt != null && attempt.stage == Stage.READY;
        boolean commits = false;
        boolean acknowledges = false;
        for (CoordinatorEffect effect : effects) {
            if (effect instanceof CoordinatorEffect.Commit commit) {
                if (!commit.workId().equals(fetched.workId()) || commit.attempt() != fetched.attempt()) {
                    throw broken(Invariant.I5, "commits what was not fetched: " + commit);
                }
                if (!committed.add(commit.workId())) {
                    throw broken(Invariant.I1, "committed twice: " + commit);
                }
                commits = true;
            }
            acknowledges |= attempt != null
                    && effect instanceof CoordinatorEffect.SendAck ack
                    && ack.session() == attempt.session.id()
                    && ack.workId().equals(fetched.workId())
                    && ack.attempt() == fetched.attempt();
        }
        if (commits != expected) {
            throw broken(Invariant.I5, "commits: " + commits + ", current and announced: " + expected + ", " + fetched);
        }
        if (attempt == null || !expected) {
            if (!effects.contains(new CoordinatorEffect.DiscardFetched(fetched.workId(), fetched.attempt()))) {
                throw broken(Invariant.I9, "a download that came too late is not discarded: " + fetched);
            }
            return;
        }
        if (!acknowledges) {
            throw broken(Invariant.I11, "a fetched artifact is not acknowledged: " + fetched);
        }
        model.commit(attempt);
        for (Attempt other : List.copyOf(attempt.work.live)) {
            model.stop(other);
        }
    }
}
