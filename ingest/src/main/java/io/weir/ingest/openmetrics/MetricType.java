package io.weir.ingest.openmetrics;

/** The type of a metric family; "untyped" of the older format is {@link #UNKNOWN}. */
public enum MetricType {
    UNKNOWN("unknown"),
    COUNTER("counter"),
    GAUGE("gauge"),
    HISTOGRAM("histogram"),
    GAUGE_HISTOGRAM("gaugehistogram"),
    SUMMARY("summary"),
    INFO("info"),
    STATE_SET("stateset");

    private final String text;

    MetricType(String text) {
        this.text = text;
    }

    /** The word of the text formats. */
    public String text() {
        return text;
    }
}
