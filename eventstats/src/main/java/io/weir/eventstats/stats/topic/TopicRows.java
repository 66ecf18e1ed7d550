package io.weir.eventstats.stats.topic;

import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * How a topic's rows are read.
 *
 * @param tables that are read, with their schema
 * @param select of all rows, without a WHERE clause; its FROM clause may be followed by one
 * @param onlyWhen condition that every row must meet; empty for none
 * @param expressionByField the fields that a row filter may name, with the column of each in {@code select}'s FROM clause
 * @param page how raw rows are paged; empty if the topic has named queries only
 */
public record TopicRows(
        List<String> tables,
        String select,
        String onlyWhen,
        SortedMap<String, String> expressionByField,
        Optional<Page> page) {
    /** The name under which a query reads its topic's rows: the only rows it may read. */
    public static final String NAME = "topic_rows";

    public TopicRows {
        tables = List.copyOf(tables);
    }

    /**
     * How raw rows are paged: by {@code internal_id}, the newest first.
     *
     * @param windowCondition condition on a row with two parameters, start and end of the window in epoch ms, both inclusive
     * @param shape what is computed for each row
     */
    public record Page(String windowCondition, Shape shape) {}

    /** What is computed for a raw row beside its columns. */
    public enum Shape {
        /** EventGate's: run_date, run_status, formatted_tenant, elapsed_time, start_time, end_time. */
        JOB,
        /** Nothing. */
        PLAIN
    }
}
