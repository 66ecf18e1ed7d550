package io.weir.workcoord.link;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * The link to one address as a function of events: {@code handle(event, now) -> effects}. It dials at once, backs off
 * exponentially with jitter after every failure, the first included, and follows discovery.
 *
 * <p>Not thread-safe: one owner calls it.
 */
public final class Link {
    /*
     * Implementation notes. The back-off falls back to its shortest only after a stream that lasted longer than the longest
     * wait: a peer that accepts and breaks at once is not dialled ten times a second. Problems are reported when they change
     * or when a stream that worked was lost, so a peer that stays away costs one line.
     */
    private static final long NEVER = Long.MAX_VALUE;

    private final LinkLimits limits;
    private final LongSupplier sessions;
    private final DoubleSupplier jitter;
    private final List<LinkEffect> effects = new ArrayList<>();

    private LinkState state = LinkState.WAITING;
    private long session;
    private long dueMillis;
    private long backoffMillis;
    private long openedMillis;
    private long lostMillis = NEVER;
    private String reported = "";

    /**
     * @param sessions numbers of streams, unique and increasing over all links of this process
     * @param jitter from 0 to 1
     */
    public Link(LinkLimits limits, LongSupplier sessions, DoubleSupplier jitter, long nowMillis) {
        this.limits = limits;
        this.sessions = sessions;
        this.jitter = jitter;
        this.dueMillis = nowMillis;
        this.backoffMillis = limits.backoffMillisMin();
    }

    /** Takes an event; returns what is to be done about it. */
    public List<LinkEffect> handle(LinkEvent event, long nowMillis) {
        effects.clear();
        switch (event) {
            case LinkEvent.Tick tick -> tick(nowMillis);
            case LinkEvent.Listed listed -> move(LinkTrigger.LISTED);
            case LinkEvent.Unlisted unlisted -> leave(LinkTrigger.UNLISTED, LinkProblem.UNLISTED, "no longer listed");
            case LinkEvent.Close close -> leave(LinkTrigger.CLOSE, LinkProblem.CLOSING, "this process ends");
            case LinkEvent.OfSession message -> {
                if (message.session() == session && state != LinkState.CLOSED) {
                    ofSession(message, nowMillis);
                }
            }
        }
        return List.copyOf(effects);
    }

    private void tick(long nowMillis) {
        if (nextTimerMillis() > nowMillis) {
            return;
        }
        if (state == LinkState.WAITING) {
            move(LinkTrigger.DIAL_DUE);
            session = sessions.getAsLong();
            dueMillis = nowMillis + limits.helloMillisMax();
            effects.add(new LinkEffect.Dial(session));
        } else {
            String message = "no hello within " + limits.helloMillisMax() + " ms";
            end(LinkTrigger.HELLO_OVERDUE, LinkProblem.NO_HELLO, message, true, false, nowMillis);
        }
    }

    private void ofSession(LinkEvent.OfSession message, long nowMillis) {
        switch (message) {
            case LinkEvent.HelloReceived hello -> hello(nowMillis);
            case LinkEvent.WrongVersion wrong -> {
                if (state != LinkState.WAITING) {
                    effects.add(new LinkEffect.VersionMismatch());
                }
                end(LinkTrigger.WRONG_VERSION, LinkProblem.WRONG_VERSION, wrong.message(), true, false, nowMillis);
            }
            case LinkEvent.BrokenProtocol broken ->
                end(LinkTrigger.BROKEN_PROTOCOL, LinkProblem.BROKEN_PROTOCOL, broken.message(), true, false, nowMillis);
            case LinkEvent.Ended ended ->
                end(LinkTrigger.ENDED, ended.problem(), ended.message(), false, false, nowMillis);
            case LinkEvent.Dropped dropped ->
                end(LinkTrigger.DROPPED, dropped.problem(), dropped.message(), true, true, nowMillis);
        }
    }

    private void hello(long nowMillis) {
        if (state.isOpen()) {
            String message = "it said hello twice";
            end(LinkTrigger.BROKEN_PROTOCOL, LinkProblem.BROKEN_PROTOCOL, message, true, false, nowMillis);
        } else if (move(LinkTrigger.HELLO)) {
            openedMillis = nowMillis;
            effects.add(new LinkEffect.Opened(session));
            if (lostMillis != NEVER) {
                effects.add(new LinkEffect.Reconnected(nowMillis - lostMillis));
            }
        }
    }

    private void end(
            LinkTrigger trigger, LinkProblem problem, String message, boolean hangUp, boolean known, long nowMillis) {
        boolean wasOpen = state.isOpen();
        if (!move(trigger)) {
            return;
        }
        if (hangUp) {
            effects.add(new LinkEffect.HangUp(session, problem, message));
        }
        if (wasOpen) {
            lostMillis = nowMillis;
            effects.add(new LinkEffect.Lost(session, problem, message, known));
            if (nowMillis - openedMillis > limits.backoffMillisMax()) {
                backoffMillis = limits.backoffMillisMin();
            }
        }
        boolean news = wasOpen && !problem.repeats();
        if (news || !message.equals(reported)) {
            effects.add(new LinkEffect.Report(problem, message));
        }
        reported = message;
        if (state == LinkState.CLOSED) {
            effects.add(new LinkEffect.Closed(LinkProblem.UNLISTED));
        } else {
            backOff(problem, nowMillis);
        }
    }

    private void backOff(LinkProblem problem, long nowMillis) {
        if (problem.needsAPerson()) {
            backoffMillis = limits.backoffMillisMax();
        }
        dueMillis = nowMillis + (long) (backoffMillis * (0.5 + 0.5 * jitter.getAsDouble()));
        backoffMillis = Math.min(limits.backoffMillisMax(), backoffMillis * 2);
    }

    /** An end that no attempt follows: what is up is ended, unless it may stay. */
    private void leave(LinkTrigger trigger, LinkProblem problem, String message) {
        boolean wasOpen = state.isOpen();
        boolean wasUp = state != LinkState.WAITING;
        if (move(trigger) && state == LinkState.CLOSED) {
            if (wasUp) {
                effects.add(new LinkEffect.HangUp(session, problem, message));
            }
            if (wasOpen) {
                effects.add(new LinkEffect.Lost(session, problem, message, true));
            }
            effects.add(new LinkEffect.Closed(problem));
        }
    }

    private boolean move(LinkTrigger trigger) {
        return switch (state.on(trigger)) {
            case LinkState.Moves(LinkState to) -> {
                state = to;
                yield true;
            }
            case LinkState.Ignored() -> false;
            case LinkState.Illegal() -> throw new IllegalStateException(trigger + " for a link that is " + state);
        };
    }

    /** When the link needs a Tick next; MAX_VALUE for never. */
    public long nextTimerMillis() {
        return switch (state) {
            case WAITING, CONNECTING -> dueMillis;
            case OPEN, LEAVING, CLOSED -> NEVER;
        };
    }

    public LinkState state() {
        return state;
    }

    /** The session of the latest attempt; 0 before the first. */
    public long session() {
        return session;
    }

    /** Whether a stream was ever up and lost. */
    public boolean wasLost() {
        return lostMillis != NEVER;
    }
}
