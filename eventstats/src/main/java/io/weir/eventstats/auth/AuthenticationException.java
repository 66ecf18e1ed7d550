package io.weir.eventstats.auth;

/**
 * A request whose sender is not known. The message is for the client: it says what to do, and holds nothing of the token or of the keys. Under
 * {@code /stats} the error's type is {@code auth}, whatever the reason.
 */
public final class AuthenticationException extends Exception {
    private static final long serialVersionUID = 1;

    private final Reason reason;

    /** Why the sender is not known. */
    public enum Reason {
        /** The request has no token. */
        MISSING(401),
        /** It has one that does not hold: unreadable, of another key, expired, for somebody else. */
        INVALID(401),
        /** Nobody can be known: no keys are configured, or none could be read so far. */
        UNAVAILABLE(503);

        private final int status;

        Reason(int status) {
            this.status = status;
        }

        /** The HTTP status of the answer. */
        public int status() {
            return status;
        }
    }

    public AuthenticationException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }

    /** The HTTP status of the answer: 401, or 503 while no token can be verified. */
    public int status() {
        return reason.status();
    }
}
