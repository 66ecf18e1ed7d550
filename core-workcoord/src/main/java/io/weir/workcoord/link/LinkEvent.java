package io.weir.workcoord.link;

/** What a link is told. What belongs to a session carries its number; that of an earlier session is ignored. */
public sealed interface LinkEvent {
    /** Something about the stream of a session. */
    sealed interface OfSession extends LinkEvent {
        long session();
    }

    /** The peer said hello in our version. */
    record HelloReceived(long session) implements OfSession {}

    /** The peer speaks another version, or refused ours. */
    record WrongVersion(long session, String message) implements OfSession {}

    /** The peer said what it may not say now. */
    record BrokenProtocol(long session, String message) implements OfSession {}

    /** The stream is over already. */
    record Ended(long session, LinkProblem problem, String message) implements OfSession {}

    /** The session's user gave it up and knows; the stream is still to be ended. */
    record Dropped(long session, LinkProblem problem, String message) implements OfSession {}

    record Listed() implements LinkEvent {}

    record Unlisted() implements LinkEvent {}

    record Close() implements LinkEvent {}

    /** Time has passed. Due at {@link Link#nextTimerMillis}. */
    record Tick() implements LinkEvent {}
}
