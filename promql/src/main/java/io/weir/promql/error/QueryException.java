package io.weir.promql.error;

import io.weir.promql.ast.PositionRange;

/** What went wrong with a query, typed by cause; mapped once, in the HTTP layer, to Prometheus' error type and status. */
public abstract sealed class QueryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private QueryException(String message) {
        super(message);
    }

    private QueryException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The request is wrong in itself: a bad parameter or an expression that does not parse. */
    public static non-sealed class BadData extends QueryException {
        private static final long serialVersionUID = 1L;

        public BadData(String message) {
            super(message);
        }
    }

    /** The text is no PromQL. The message has Prometheus' shape: {@code 1:5: parse error: ...}. */
    public static final class Parse extends BadData {
        private static final long serialVersionUID = 1L;
        private final transient PositionRange position;

        public Parse(String message, PositionRange position) {
            super(message);
            this.position = position;
        }

        public PositionRange position() {
            return position;
        }
    }

    /** Evaluation failed on the data: duplicate label sets, many-to-many matching, NaN parameters. */
    public static non-sealed class Execution extends QueryException {
        private static final long serialVersionUID = 1L;

        public Execution(String message) {
            super(message);
        }
    }

    /** The language has it, this version does not evaluate it yet; the message names it. */
    public static final class Unsupported extends Execution {
        private static final long serialVersionUID = 1L;

        public Unsupported(String message) {
            super(message);
        }
    }

    /** A limit of the query was reached; the message names the limit, its value and its setting. */
    public static final class LimitExceeded extends Execution {
        private static final long serialVersionUID = 1L;

        public LimitExceeded(String message) {
            super(message);
        }
    }

    /** The query's deadline passed. */
    public static final class Timeout extends QueryException {
        private static final long serialVersionUID = 1L;

        public Timeout(String message) {
            super(message);
        }
    }

    /** The client went away or somebody canceled the query. */
    public static final class Canceled extends QueryException {
        private static final long serialVersionUID = 1L;

        public Canceled(String message) {
            super(message);
        }
    }

    /** Something the query needs is not there right now: workers, catalog, storage, a free slot. */
    public static non-sealed class Unavailable extends QueryException {
        private static final long serialVersionUID = 1L;

        public Unavailable(String message) {
            super(message);
        }

        public Unavailable(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** A defect or a failure of storage: the answer could not be completed. */
    public static final class Internal extends QueryException {
        private static final long serialVersionUID = 1L;

        public Internal(String message) {
            super(message);
        }

        public Internal(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
