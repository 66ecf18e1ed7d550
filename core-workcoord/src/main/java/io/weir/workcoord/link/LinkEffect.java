package io.weir.workcoord.link;

/** What the shell of a link has to do, in the order given. */
public sealed interface LinkEffect {
    /** Open a stream and say hello; answered by events of this session. */
    record Dial(long session) implements LinkEffect {}

    /** End the stream of this session, telling the peer why. */
    record HangUp(long session, LinkProblem problem, String message) implements LinkEffect {}

    /** The session counts from now on. */
    record Opened(long session) implements LinkEffect {}

    /** A lost stream is up again. */
    record Reconnected(long afterMillis) implements LinkEffect {}

    /**
     * A session that counted is over.
     *
     * @param known whoever schedules on it gave it up itself and need not be told
     */
    record Lost(long session, LinkProblem problem, String message, boolean known) implements LinkEffect {}

    /** Another version of the protocol was met; to be counted each time. */
    record VersionMismatch() implements LinkEffect {}

    /** For people: why there is no stream. Given once, not with every attempt that ends the same way. */
    record Report(LinkProblem problem, String message) implements LinkEffect {}

    /** The link is over for good; forget it. */
    record Closed(LinkProblem problem) implements LinkEffect {}
}
