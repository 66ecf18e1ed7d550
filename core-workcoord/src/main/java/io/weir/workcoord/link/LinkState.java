package io.weir.workcoord.link;

/** Where the link to one address stands. {@link #on} is the whole state machine; nothing else changes a state. */
public enum LinkState {
    /** Waits until it is dialled, for the first time or again. */
    WAITING,
    /** Dialled; the peer has not said hello. */
    CONNECTING,
    /** Hellos are exchanged. */
    OPEN,
    /** Open, but discovery lists the address no more: a draining peer keeps its stream, and is not dialled again after it. */
    LEAVING,
    /** Over for good; an address that comes back gets a new link. */
    CLOSED;

    /** Whether a stream is up on which both sides have said hello. */
    public boolean isOpen() {
        return this == OPEN || this == LEAVING;
    }

    /** What a trigger does to a link in a state. */
    public sealed interface Outcome {}

    /** The link enters the state. */
    public record Moves(LinkState to) implements Outcome {}

    /** Late, repeated or pointless: nothing changes. */
    public record Ignored() implements Outcome {}

    /** Cannot happen unless the shell is broken. */
    public record Illegal() implements Outcome {}

    private static final Outcome IGNORED = new Ignored();
    private static final Outcome ILLEGAL = new Illegal();

    /** The state machine. What a peer does is never illegal: a confused peer must not stop this process. */
    public Outcome on(LinkTrigger trigger) {
        return switch (trigger) {
            case DIAL_DUE -> this == WAITING ? new Moves(CONNECTING) : ILLEGAL;
            case HELLO_OVERDUE -> this == CONNECTING ? new Moves(WAITING) : ILLEGAL;
            case HELLO -> this == CONNECTING ? new Moves(OPEN) : IGNORED;
            case WRONG_VERSION, BROKEN_PROTOCOL, ENDED, DROPPED -> ended();
            case LISTED ->
                switch (this) {
                    case WAITING, CONNECTING, OPEN -> IGNORED;
                    case LEAVING -> new Moves(OPEN);
                    case CLOSED -> ILLEGAL;
                };
            case UNLISTED ->
                switch (this) {
                    case WAITING, CONNECTING -> new Moves(CLOSED);
                    case OPEN -> new Moves(LEAVING);
                    case LEAVING, CLOSED -> IGNORED;
                };
            case CLOSE -> this == CLOSED ? IGNORED : new Moves(CLOSED);
        };
    }

    private Outcome ended() {
        return switch (this) {
            case WAITING, CLOSED -> IGNORED;
            case CONNECTING, OPEN -> new Moves(WAITING);
            case LEAVING -> new Moves(CLOSED);
        };
    }
}
