package io.weir.ingest.openmetrics;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The two text formats of metrics; they differ in the unit of timestamps and in what ends the text. */
public enum TextFormat {
    /** Prometheus text format 0.0.4: timestamps are integer milliseconds, the text may end after any line. */
    PROMETHEUS_TEXT,

    /** OpenMetrics 1.0 text: timestamps are seconds with a fraction, {@code # EOF} must be the last line. */
    OPENMETRICS;

    /** The format an HTTP Content-Type names; anything but OpenMetrics (also no header at all) is the older format. */
    public static TextFormat ofContentType(@Nullable String contentType) {
        if (contentType == null) {
            return PROMETHEUS_TEXT;
        }
        int semicolon = contentType.indexOf(';');
        String mediaType = semicolon < 0 ? contentType : contentType.substring(0, semicolon);
        return mediaType.strip().toLowerCase(Locale.ROOT).equals("application/openmetrics-text")
                ? OPENMETRICS
                : PROMETHEUS_TEXT;
    }
}
