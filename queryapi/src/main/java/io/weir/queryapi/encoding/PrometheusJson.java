package io.weir.queryapi.encoding;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
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
            json.string(labels.name(i)).ascii(':').string(labels.value(i));
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

    /**
     * One element of a matrix: {@code {"metric":{..},"values":[[ts,"v"],..]}}.
     *
     * @param timestamps text of each step's timestamp
     * @param values one per step; the stale marker's bits are left out
     */
    public static void matrixElement(JsonBytes json, Labels labels, byte[][] timestamps, double[] values)
            throws IOException {
        json.ascii("{\"metric\":");
        labels(json, labels);
        json.ascii(",\"values\":[");
        boolean first = true;
        for (int step = 0; step < timestamps.length; step++) {
            double value = values[step];
            if (StaleMarker.is(value)) {
                continue;
            }
            if (!first) {
                json.ascii(',');
            }
            first = false;
            json.point(timestamps[step], value);
        }
        json.ascii("]}");
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
