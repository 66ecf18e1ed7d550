package io.weir.collector.source;

/** The peer of a fetch has gone, or takes nothing for too long. */
final class SlowPeerException extends Exception {
    private static final long serialVersionUID = 1L;

    SlowPeerException(String message) {
        super(message);
    }
}
