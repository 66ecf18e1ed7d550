package io.weir.queryapi.monitor;

import io.weir.promql.error.QueryException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** The queries that run in this process, by id. Thread-safe. */
public final class RunningQueries {
    private final ConcurrentMap<String, RunningQuery> queries = new ConcurrentHashMap<>();
    private volatile @Nullable String refusing;

    /**
     * Adds a query.
     *
     * @throws QueryException.BadData if a query of that id runs already
     * @throws QueryException.Unavailable after {@link #refuse}
     */
    public void add(RunningQuery query) {
        putNew(query);
        String reason = refusing;
        if (reason != null) {
            queries.remove(query.queryId(), query);
            throw new QueryException.Unavailable(reason);
        }
    }

    /** From now on no query is added; those that run go on. For shutdown. */
    public void refuse(String reason) {
        refusing = reason;
    }

    private void putNew(RunningQuery query) {
        if (queries.putIfAbsent(query.queryId(), query) != null) {
            throw new QueryException.BadData("a query with the id " + query.queryId()
                    + " is running already; leave X-Query-Id out or choose another");
        }
    }

    public void remove(RunningQuery query) {
        queries.remove(query.queryId(), query);
        query.end();
    }

    /** A running query; empty if there is none with that id, or it belongs to another tenant. */
    public Optional<RunningQuery> find(String tenant, String queryId) {
        return Optional.ofNullable(queries.get(queryId))
                .filter(query -> query.tenant().equals(tenant));
    }

    /** Whether a query of that id runs, whoever asked it. */
    public boolean isRunning(String queryId) {
        return queries.containsKey(queryId);
    }

    /** Cancels everything; for shutdown. */
    public void cancelAll(String reason) {
        queries.values().forEach(query -> query.cancel(reason));
    }

    /** The running queries of a tenant, the oldest first. */
    public List<RunningQuery> list(String tenant) {
        return queries.values().stream()
                .filter(query -> query.tenant().equals(tenant))
                .sorted(Comparator.comparingLong(RunningQuery::startMillis).thenComparing(RunningQuery::queryId))
                .toList();
    }

    public int size() {
        return queries.size();
    }
}
