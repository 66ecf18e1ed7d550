package io.weir.workcoord.link;

/** What can happen to a link. */
public enum LinkTrigger {
    /** The wait before the next attempt is over. */
    DIAL_DUE,
    /** The peer has not said hello in time. */
    HELLO_OVERDUE,
    /** The peer said hello, in our version. */
    HELLO,
    /** The peer speaks another version of the protocol, or says that we do. */
    WRONG_VERSION,
    /** The peer said something that no peer may say at this point. */
    BROKEN_PROTOCOL,
    /** The stream is over: ended by the peer, lost, or its bound was reached. */
    ENDED,
    /** Whoever schedules on this link gave its session up: silent, replaced, refused. */
    DROPPED,
    /** Discovery lists the address. */
    LISTED,
    /** Discovery lists the address no more. */
    UNLISTED,
    /** This process ends. */
    CLOSE
}
