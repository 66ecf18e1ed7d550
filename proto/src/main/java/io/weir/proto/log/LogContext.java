package io.weir.proto.log;

import io.weir.proto.trace.Trace;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * The ids that the log lines of this thread carry while it is open: of a query, of a piece of its work, of the current trace. Closing it
 * brings back what was there before, so that contexts may be nested. Belongs to the thread that opened it.
 */
public final class LogContext implements AutoCloseable {
    public static final String QUERY_ID = "query_id";
    public static final String WORK_ID = "work_id";
    public static final String TRACE_ID = "trace_id";

    private final @Nullable String queryBefore = MDC.get(QUERY_ID);
    private final @Nullable String workBefore = MDC.get(WORK_ID);
    private final @Nullable String traceBefore = MDC.get(TRACE_ID);

    private LogContext(String queryId, String workId, String traceId) {
        put(QUERY_ID, queryId);
        put(WORK_ID, workId);
        put(TRACE_ID, traceId);
    }

    /** For lines about a query. */
    public static LogContext ofQuery(String queryId, Trace trace) {
        return new LogContext(queryId, "", trace.traceId());
    }

    /** For lines about a piece of work. */
    public static LogContext ofWork(String queryId, String workId, Trace trace) {
        return new LogContext(queryId, workId, trace.traceId());
    }

    /** The ids of this thread's lines now, to be used by another thread that does something for it. */
    public static Ids ids() {
        return new Ids(text(QUERY_ID), text(WORK_ID), text(TRACE_ID));
    }

    /** Ids; empty for none. */
    public record Ids(String queryId, String workId, String traceId) {
        /** Gives the lines of this thread these ids. */
        public LogContext open() {
            return new LogContext(queryId, workId, traceId);
        }
    }

    private static String text(String key) {
        String value = MDC.get(key);
        return value == null ? "" : value;
    }

    private static void put(String key, @Nullable String value) {
        if (value == null || value.isEmpty()) {
            MDC.remove(key);
        } else {
            MDC.put(key, value);
        }
    }

    @Override
    public void close() {
        put(QUERY_ID, queryBefore);
        put(WORK_ID, workBefore);
        put(TRACE_ID, traceBefore);
    }
}
