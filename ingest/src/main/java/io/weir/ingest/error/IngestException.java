package io.weir.ingest.error;

/** A write or an administrative request that was refused, with the reason and what to do next. */
public final class IngestException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Kinds of refusal; each is one HTTP status and one Prometheus {@code errorType}. */
    public enum Reason {
        /** The data is wrong; sending it again cannot help. */
        BAD_DATA(400, "bad_data"),
        /** The body is larger than a limit. */
        TOO_LARGE(413, "bad_data"),
        /** The body is in a format this server does not read. */
        UNSUPPORTED_MEDIA_TYPE(415, "bad_data"),
        /** The tenant has reached a limit of its own. */
        TOO_MANY(429, "too_many_requests"),
        /** More arrives than can be stored at the moment; send it again later. */
        OVERLOADED(503, "unavailable"),
        /** Disk, object store or catalog do not work at the moment; send it again later. */
        UNAVAILABLE(503, "unavailable");

        private final int status;
        private final String errorType;

        Reason(int status, String errorType) {
            this.status = status;
            this.errorType = errorType;
        }

        /** The HTTP status. */
        public int status() {
            return status;
        }

        /** The {@code errorType} of the JSON envelope. */
        public String errorType() {
            return errorType;
        }

        /** Whether the same request may succeed later. */
        public boolean isTransient() {
            return switch (this) {
                case BAD_DATA, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE -> false;
                case TOO_MANY, OVERLOADED, UNAVAILABLE -> true;
            };
        }
    }

    private final Reason reason;

    public IngestException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public IngestException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }

    public static IngestException badData(String message) {
        return new IngestException(Reason.BAD_DATA, message);
    }

    public static IngestException overloaded(String message) {
        return new IngestException(Reason.OVERLOADED, message);
    }
}
