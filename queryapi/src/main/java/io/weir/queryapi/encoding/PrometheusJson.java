package io.weir.queryapi.encoding;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.histogram.HistogramBuckets;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.Column;
import io.weir.promql.series.StaleMarker;
import java.io.IOException;
import java.util.Collection;
import java.util.List;

/** The shapes of Prometheus' HTTP API (web/api/v1/json_codec.go), written with {@link JsonBytes}. */
public final class PrometheusJson {
    /** Most warnings, and most infos, in one answer (web/api/v1/api.go). */
    public static final int ANNOTATIONS_MAX = 10;

    private PrometheusJson() {}

    /** {@code {"a":"b"}}, in the order of the label set. */
    public static void labels(JsonBytes json, Labels labels) throws IOException {
        json.ascii('{');
        for (int i = 0; i < labels.size(); i++) {
            if (i > 0) {
                json.ascii(',');
            }
            json.labelText(labels.name(i)).ascii(':').labelText(labels.value(i));
        }
        json.ascii('}');
    }

    public static void strings(JsonBytes json, Collection<String> values) throws IOException {
        json.ascii('[');
        boolean first = true;
        for (String value : values) {
            if (!first) {
                json.ascii(',');
            }
            first = false;
            json.string(value);
        }
        json.ascii(']');
    }

    /** One element of a vector: {@code {"metric":{..},"value":[ts,"v"]}}. */
    public static void vectorElement(JsonBytes json, Labels labels, long millis, double value) throws IOException {
        json.ascii("{\"metric\":");
        labels(json, labels);
        json.ascii(",\"value\":").point(millis, value).ascii('}');
    }

    /** One element of a vector that is a histogram: {@code {"metric":{..},"histogram":[ts,{..}]}}. */
    public static void vectorElement(JsonBytes json, Labels labels, long millis, Histogram histogram)
            throws IOException {
        json.ascii("{\"metric\":");
        labels(json, labels);
        json.ascii(",\"histogram\":[").timestamp(millis).ascii(',');
        histogram(json, histogram);
        json.ascii("]}");
    }

    /**
     * One element of a matrix: {@code {"metric":{..},"values":[[ts,"v"],..],"histograms":[[ts,{..}],..]}}, each list only if it has
     * elements.
     *
     * @param timestamps text of each step's timestamp
     * @param column one sample per step; steps without one are left out
     */
    public static void matrixElement(JsonBytes json, Labels labels, byte[][] timestamps, Column column)
            throws IOException {
        json.ascii("{\"metric\":");
        labels(json, labels);
        boolean mixed = column.hasHistograms();
        double[] values = column.values();
        boolean first = true;
        for (int step = 0; step < timestamps.length; step++) {
            double value = values[step];
            if (StaleMarker.is(value) || (mixed && column.histogram(step) != null)) {
                continue;
            }
            json.ascii(first ? ",\"values\":[" : ",");
            first = false;
            json.point(timestamps[step], value);
        }
        json.ascii(first ? "" : "]");
        if (mixed) {
            histograms(json, timestamps, column);
        }
        json.ascii('}');
    }

    /** One element of a matrix without histograms. */
    public static void matrixElement(JsonBytes json, Labels labels, byte[][] timestamps, double[] values)
            throws IOException {
        json.ascii("{\"metric\":");
        labels(json, labels);
        boolean first = true;
        for (int step = 0; step < timestamps.length; step++) {
            if (!StaleMarker.is(values[step])) {
                json.ascii(first ? ",\"values\":[" : ",");
                first = false;
                json.point(timestamps[step], values[step]);
            }
        }
        json.ascii(first ? "}" : "]}");
    }

    private static void histograms(JsonBytes json, byte[][] timestamps, Column column) throws IOException {
        boolean first = true;
        for (int step = 0; step < timestamps.length; step++) {
            Histogram histogram = column.histogram(step);
            if (histogram != null) {
                json.ascii(first ? ",\"histograms\":[[" : ",[");
                first = false;
                json.raw(timestamps[step]).ascii(',');
                histogram(json, histogram);
                json.ascii(']');
            }
        }
        json.ascii(first ? "" : "]");
    }

    /** A histogram (util/jsonutil/marshal.go, MarshalHistogram): empty buckets are left out, and so is a list of none. */
    public static void histogram(JsonBytes json, Histogram histogram) throws IOException {
        json.ascii("{\"count\":").quotedValue(histogram.count());
        json.ascii(",\"sum\":").quotedValue(histogram.sum());
        boolean first = true;
        for (HistogramBuckets.Bucket bucket : HistogramBuckets.all(histogram)) {
            if (bucket.count() != 0) {
                json.ascii(first ? ",\"buckets\":[[" : ",[");
                first = false;
                json.number(boundaries(bucket)).ascii(',');
                json.quotedValue(bucket.lower()).ascii(',');
                json.quotedValue(bucket.upper()).ascii(',');
                json.quotedValue(bucket.count()).ascii(']');
            }
        }
        json.ascii(first ? "}" : "]}");
    }

    /** 0 for (lower,upper], 1 for [lower,upper), 2 for (lower,upper), 3 for [lower,upper]. */
    private static int boundaries(HistogramBuckets.Bucket bucket) {
        if (bucket.lowerInclusive()) {
            return bucket.upperInclusive() ? 3 : 1;
        }
        return bucket.upperInclusive() ? 0 : 2;
    }

    /** The start of a successful answer, up to its data. */
    public static void success(JsonBytes json) throws IOException {
        json.ascii("{\"status\":\"success\",\"data\":");
    }

    /** The rest of a successful answer: its warnings and infos, at most {@link #ANNOTATIONS_MAX} of each. */
    public static void end(JsonBytes json, List<Annotation> annotations, String query) throws IOException {
        annotations(json, annotations, query, Annotation.Level.WARNING, ",\"warnings\":[");
        annotations(json, annotations, query, Annotation.Level.INFO, ",\"infos\":[");
        json.ascii('}');
    }

    private static void annotations(
            JsonBytes json, List<Annotation> annotations, String query, Annotation.Level level, String key)
            throws IOException {
        List<String> texts = annotations.stream()
                .filter(annotation -> annotation.level() == level)
                .map(annotation -> annotation.render(query))
                .distinct()
                .toList();
        if (texts.isEmpty()) {
            return;
        }
        json.ascii(key);
        for (int i = 0; i < Math.min(texts.size(), ANNOTATIONS_MAX); i++) {
            if (i > 0) {
                json.ascii(',');
            }
            json.string(texts.get(i));
        }
        if (texts.size() > ANNOTATIONS_MAX) {
            String what = level == Annotation.Level.WARNING ? "warning" : "info";
            json.ascii(',').string((texts.size() - ANNOTATIONS_MAX) + " more " + what + " annotations omitted");
        }
        json.ascii(']');
    }

    public static void error(JsonBytes json, String errorType, String message) throws IOException {
        json.ascii("{\"status\":\"error\",\"errorType\":")
                .string(errorType)
                .ascii(",\"error\":")
                .string(message)
                .ascii('}');
    }
}
