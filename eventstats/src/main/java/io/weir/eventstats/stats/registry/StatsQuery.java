package io.weir.eventstats.stats.registry;

import io.weir.eventstats.stats.topic.FilteredRows;
import java.util.List;
import java.util.Optional;

/**
 * A named query, compiled.
 *
 * @param file it came from
 * @param topic whose rows it reads
 * @param body SELECT that reads {@code topic_rows}, with {@code ?} for the parameters
 * @param bindings names of the parameters by position in {@code body}, those of the window among them
 * @param rowsMax rows of its answer; what is more is cut, and the answer says so
 * @param timeoutMillis longest run on the server
 * @param cacheMillis how long a result is kept; 0 for not at all
 */
public record StatsQuery(
        String file,
        String name,
        String topic,
        String description,
        String body,
        List<String> bindings,
        Optional<Window> window,
        List<Parameter> parameters,
        List<Column> columns,
        int rowsMax,
        long timeoutMillis,
        long cacheMillis) {
    public StatsQuery {
        bindings = List.copyOf(bindings);
        parameters = List.copyOf(parameters);
        columns = List.copyOf(columns);
    }

    /** The statement over the rows that a caller may see; its last parameter is the greatest number of rows. */
    public String statement(FilteredRows rows) {
        return "WITH " + rows.commonTable() + " SELECT * FROM (" + body + "\n) answer LIMIT ?::bigint";
    }
}
