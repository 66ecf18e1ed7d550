package io.weir.eventstats.stats.topic;

import io.weir.eventstats.auth.AccessPattern;
import io.weir.eventstats.auth.RowFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The rows of a topic that a caller may see, as the text of a common table expression and the values to bind in it. The patterns are bound, never
 * part of the text; the text depends on the fields' names only, which are the topic's own.
 *
 * @param commonTable {@code topic_rows AS NOT MATERIALIZED (...)}: it is read in place, so that a query's conditions reach the indexes
 * @param arrays arrays of text to bind in it, in order
 */
public record FilteredRows(String commonTable, List<List<String>> arrays) {
    /** A pattern that means itself: the index on the column can be used. */
    private static final Pattern LITERAL = Pattern.compile("[A-Za-z0-9_ -]+");

    public FilteredRows {
        arrays = List.copyOf(arrays);
    }

    /** A field of the filter that the topic's rows do not have; no row passes, so the caller is told. */
    public static Optional<String> unknownField(TopicRows rows, RowFilter filter) {
        return filter.patternsByField().keySet().stream()
                .filter(field -> !rows.expressionByField().containsKey(field))
                .findFirst();
    }

    /** @throws IllegalArgumentException if the filter has a field that the rows have not */
    public static FilteredRows of(TopicRows rows, RowFilter filter) {
        List<String> conditions = new ArrayList<>();
        List<List<String>> arrays = new ArrayList<>();
        if (!rows.onlyWhen().isEmpty()) {
            conditions.add(rows.onlyWhen());
        }
        for (Map.Entry<String, List<AccessPattern>> field :
                filter.patternsByField().entrySet()) {
            String expression = rows.expressionByField().get(field.getKey());
            if (expression == null) {
                throw new IllegalArgumentException("the topic's rows have no field '" + field.getKey() + "'");
            }
            List<AccessPattern> patterns = field.getValue();
            if (patterns.stream()
                    .allMatch(pattern -> LITERAL.matcher(pattern.text()).matches())) {
                conditions.add(expression + " = ANY (?::text[])");
                arrays.add(patterns.stream().map(AccessPattern::text).toList());
            } else {
                conditions.add(expression + " ~ ANY (?::text[])");
                arrays.add(patterns.stream().map(AccessPattern::postgres).toList());
            }
        }
        String where = conditions.isEmpty() ? "" : " WHERE " + String.join(" AND ", conditions);
        return new FilteredRows(TopicRows.NAME + " AS NOT MATERIALIZED (" + rows.select() + where + ")", arrays);
    }
}
