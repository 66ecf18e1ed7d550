package io.weir.ingest.openmetrics;

import java.util.Locale;

/** The two text formats; they differ in the unit of timestamps and in how a text ends. */
public enum TextFormat {
    /** Prometheus text format 0.0.4: timestamps are integer milliseconds. */
    PROMETHEUS,
    /** OpenMetrics 1.0: timestamps are seconds with a fraction, and the text ends with {@code # EOF}. */
    OPENMETRICS;

    /** The format a {@code Content-Type} header announces. */
    public static TextFormat ofContentType(String contentType) {
        return contentType.toLowerCase(Locale.ROOT).trim().startsWith("application/openmetrics-text")
                ? OPENMETRICS
                : PROMETHEUS;
    }
}
