package io.weir.workcoord.link;

import java.util.Locale;

/** Why a stream ended or could not be had. */
public enum LinkProblem {
    /** The connection broke, or was refused. */
    CONNECTION_LOST,
    /** The peer ended the stream in order, as at the end of a drain. */
    PEER_ENDED,
    /** The peer did not read: as many messages waited as may. */
    BACK_PRESSURE,
    /** No hello in time. */
    NO_HELLO,
    /** Another version of the protocol. */
    WRONG_VERSION,
    /** A message that no peer may send. */
    BROKEN_PROTOCOL,
    /** No message for the allowed silence. */
    SILENT,
    /** A newer session of the same peer replaced it. */
    SUPERSEDED,
    /** Another address answers with the same identity. */
    DUPLICATE_IDENTITY,
    /** More peers than the limit. */
    TOO_MANY_PEERS,
    /** Discovery lists the address no more, and no stream was up. */
    UNLISTED,
    /** This process ends. */
    CLOSING;

    /** As the value of a metric's label. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether trying soon again is pointless, because a person has to change something first. */
    boolean needsAPerson() {
        return this == WRONG_VERSION;
    }

    /** Whether the stream came up and was refused only then, so that every attempt repeats the same. */
    boolean repeats() {
        return this == DUPLICATE_IDENTITY || this == TOO_MANY_PEERS;
    }
}
