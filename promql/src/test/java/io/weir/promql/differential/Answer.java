package io.weir.promql.differential;

import io.weir.promql.engine.QueryResult;
import io.weir.promql.labels.Labels;
import java.util.List;

/**
 * The answer of either side to a query, in one form.
 *
 * @param type scalar, string, vector or matrix; "error" if the query failed
 * @param text the error's or the string's text, otherwise empty
 * @param rows the series in the order in which they came; a scalar is a series without labels
 */
record Answer(String type, String text, List<Row> rows) {
    /** The points of a series; an instant vector has one in each. */
    record Row(Labels labels, long[] timestampsMillis, double[] values) {}

    static Answer error(String text) {
        return new Answer("error", text, List.of());
    }

    boolean isError() {
        return type.equals("error");
    }

    static Answer of(QueryResult result) {
        return switch (result) {
            case QueryResult.Scalar scalar ->
                new Answer("scalar", "", List.of(row(Labels.EMPTY, scalar.timestampMillis(), scalar.value())));
            case QueryResult.Text text -> new Answer("string", text.value(), List.of());
            case QueryResult.Vector vector ->
                new Answer(
                        "vector",
                        "",
                        vector.samples().stream()
                                .map(sample -> row(sample.labels(), vector.timestampMillis(), sample.value()))
                                .toList());
            case QueryResult.Matrix matrix ->
                new Answer(
                        "matrix",
                        "",
                        matrix.series().stream()
                                .map(points -> new Row(points.labels(), points.timestampsMillis(), points.values()))
                                .toList());
        };
    }

    static Row row(Labels labels, long timestampMillis, double value) {
        return new Row(labels, new long[] {timestampMillis}, new double[] {value});
    }

    /** A few lines of it, for messages. */
    String brief() {
        StringBuilder builder = new StringBuilder(type).append(' ').append(text);
        for (Row row : rows.subList(0, Math.min(rows.size(), 12))) {
            builder.append("\n      ").append(row.labels());
            for (int i = 0; i < Math.min(row.values.length, 6); i++) {
                builder.append(' ').append(row.values[i]).append('@').append(row.timestampsMillis[i]);
            }
        }
        return builder.append("\n      (").append(rows.size()).append(" rows)").toString();
    }
}
