package io.weir.ingest.openmetrics;

import io.weir.lake.catalog.MetricMetadata;
import java.util.function.Consumer;

/** Joins the type, help and unit of a metric family, which a text tells on lines of their own, into one. */
public final class MetadataCollector {
    private final Consumer<MetricMetadata> consumer;
    private String metric = "";
    private String type = "";
    private String help = "";
    private String unit = "";

    public MetadataCollector(Consumer<MetricMetadata> consumer) {
        this.consumer = consumer;
    }

    /** One line of metadata; empty texts are the ones the line does not tell. */
    public void add(String lineMetric, String lineType, String lineHelp, String lineUnit) {
        if (!lineMetric.equals(metric)) {
            finish();
            metric = lineMetric;
        }
        type = lineType.isEmpty() ? type : lineType;
        help = lineHelp.isEmpty() ? help : lineHelp;
        unit = lineUnit.isEmpty() ? unit : lineUnit;
    }

    /** Tells the last family. */
    public void finish() {
        if (!metric.isEmpty()) {
            consumer.accept(new MetricMetadata(metric, type.isEmpty() ? "unknown" : type, help, unit));
        }
        metric = "";
        type = "";
        help = "";
        unit = "";
    }
}
