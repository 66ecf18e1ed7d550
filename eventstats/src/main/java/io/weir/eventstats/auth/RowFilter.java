package io.weir.eventstats.auth;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Which rows of a topic a caller may read: a row passes if every listed field has a value that one of its patterns matches as a whole. A field
 * without a value (NULL) passes no pattern. In SQL, with each field's patterns bound as one array of text, that is
 * {@code field ~ ANY (?)}, joined by AND.
 *
 * @param patternsByField sorted by field; empty for all rows
 */
public record RowFilter(SortedMap<String, List<AccessPattern>> patternsByField) {
    /** Lets every row through. */
    public static final RowFilter ALL_ROWS = new RowFilter(new TreeMap<>());

    public RowFilter {
        TreeMap<String, List<AccessPattern>> copy = new TreeMap<>();
        patternsByField.forEach((field, patterns) -> {
            if (patterns.isEmpty()) {
                throw new IllegalArgumentException("field '" + field + "' needs at least one pattern");
            }
            copy.put(field, List.copyOf(patterns));
        });
        patternsByField = Collections.unmodifiableSortedMap(copy);
    }

    /** Whether every row passes. */
    public boolean isAllRows() {
        return patternsByField.isEmpty();
    }

    /** By field, the array of text to bind for {@code field ~ ANY (?)}: anchored, in PostgreSQL's dialect. */
    public SortedMap<String, List<String>> postgresPatternsByField() {
        TreeMap<String, List<String>> texts = new TreeMap<>();
        patternsByField.forEach((field, patterns) ->
                texts.put(field, patterns.stream().map(AccessPattern::postgres).toList()));
        return Collections.unmodifiableSortedMap(texts);
    }

    /**
     * Whether a row passes; the same answer as the SQL gives.
     *
     * @param row values by field; a field that it lacks has no value
     */
    public boolean matches(Map<String, String> row) {
        return patternsByField.entrySet().stream().allMatch(filter -> {
            String value = row.get(filter.getKey());
            return value != null && filter.getValue().stream().anyMatch(pattern -> pattern.matches(value));
        });
    }
}
