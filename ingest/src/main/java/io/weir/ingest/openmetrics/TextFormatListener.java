package io.weir.ingest.openmetrics;

import io.weir.promql.labels.Labels;
import java.io.IOException;

/** Receives what a {@link TextFormatParser} reads, in the order of the text; an exception ends the parse. */
@FunctionalInterface
public interface TextFormatListener {
    /** The timestamp of a sample that has none. */
    long NO_TIMESTAMP = Long.MIN_VALUE;

    /**
     * A sample.
     *
     * @param labels with the metric name; the same object again and again for a series that repeats
     * @param value any NaN in the text is the NaN 0x7ff8000000000001, Prometheus' "normal" one
     * @param timestampMillis milliseconds since 1970, or {@link #NO_TIMESTAMP}
     * @param line line number from 1
     */
    void onSample(Labels labels, double value, long timestampMillis, long line) throws IOException;

    /** A {@code # TYPE} line. */
    default void onType(String family, MetricType type) throws IOException {}

    /** A {@code # HELP} line; the text without escapes. */
    default void onHelp(String family, String help) throws IOException {}

    /** A {@code # UNIT} line. */
    default void onUnit(String family, String unit) throws IOException {}
}
