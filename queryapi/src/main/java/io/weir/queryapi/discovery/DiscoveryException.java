package io.weir.queryapi.discovery;

/** A source of workers did not answer. Its reason is for people, and the same for the same cause. */
final class DiscoveryException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String reason;

    DiscoveryException(String reason, Throwable cause) {
        super(reason, cause);
        this.reason = reason;
    }

    String reason() {
        return reason;
    }
}
