package io.weir.queryapi.sse;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.encoding.PrometheusJson;
import io.weir.queryapi.http.ErrorMapping.ApiError;
import io.weir.queryapi.monitor.RunningQuery;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The frames of a stream: {@code {"type":..,"data":..}} in that order (DESIGN section 8, lakerunner.md section 1.4). */
final class SseFrames {
    private final SseWriter writer;
    private @Nullable Runnable onFirstResult;
    private boolean inResult;

    SseFrames(SseWriter writer) {
        this.writer = writer;
    }

    /** Whom to tell that the first part of the result, or the end of an empty one, was sent. */
    void onFirstResult(Runnable listener) {
        onFirstResult = listener;
    }

    JsonBytes begin(String type) throws IOException {
        inResult = !type.equals("progress") && !type.equals("error");
        return writer.begin().ascii("{\"type\":\"").ascii(type).ascii("\",\"data\":");
    }

    void end(JsonBytes json) throws IOException {
        json.ascii('}');
        writer.end();
        Runnable listener = onFirstResult;
        if (inResult && listener != null) {
            onFirstResult = null;
            // Progress may have been sent before it.
            writer.flush();
            listener.run();
        }
    }

    /**
     * One point.
     *
     * @param tags the labels, already as JSON
     * @param label the query, already as JSON
     */
    void point(byte[] tags, double value, long timeMillis, byte[] label) throws IOException {
        JsonBytes json = begin("result");
        json.ascii("{\"tags\":").raw(tags).ascii(",\"value\":");
        number(json, value);
        json.ascii(",\"timestamp\":")
                .number(timeMillis)
                .ascii(",\"label\":")
                .raw(label)
                .ascii('}');
        end(json);
    }

    /** One point that is a histogram, in the place of the value. */
    void point(byte[] tags, Histogram histogram, long timeMillis, byte[] label) throws IOException {
        JsonBytes json = begin("result");
        json.ascii("{\"tags\":").raw(tags).ascii(",\"histogram\":");
        PrometheusJson.histogram(json, histogram);
        json.ascii(",\"timestamp\":")
                .number(timeMillis)
                .ascii(",\"label\":")
                .raw(label)
                .ascii('}');
        end(json);
    }

    /** A number; what JSON has no number for is a string, as in Prometheus' answers: "NaN", "+Inf", "-Inf". */
    static void number(JsonBytes json, double value) throws IOException {
        if (Double.isFinite(value)) {
            json.value(value);
        } else {
            json.quotedValue(value);
        }
    }

    static byte[] labelsJson(Labels labels) throws IOException {
        JsonBytes json = JsonBytes.inMemory();
        PrometheusJson.labels(json, labels);
        return json.toByteArray();
    }

    static byte[] stringJson(String text) throws IOException {
        return JsonBytes.inMemory().string(text).toByteArray();
    }

    void progress(RunningQuery running) throws IOException {
        JsonBytes json = begin("progress");
        json.ascii("{\"phase\":\"")
                .ascii(running.phase().name().toLowerCase(Locale.ROOT))
                .ascii("\",\"unitsDone\":")
                .number(running.unitsDone())
                .ascii(",\"unitsTotal\":")
                .number(running.unitsTotal())
                .ascii(",\"stepsDone\":")
                .number(running.stepsDone())
                .ascii(",\"stepsTotal\":")
                .number(running.stepsTotal())
                .ascii(",\"samplesRead\":")
                .number(running.samplesRead())
                .ascii('}');
        end(json);
    }

    /** The last frame of a good stream; warnings and infos are in it if there are any. */
    void done(List<Annotation> annotations, List<String> extraWarnings, String query) throws IOException {
        JsonBytes json = begin("done");
        json.ascii("{\"status\":\"ok\"");
        List<String> warnings = new ArrayList<>(extraWarnings);
        warnings.addAll(texts(annotations, Annotation.Level.WARNING, query));
        list(json, ",\"warnings\":", warnings);
        list(json, ",\"infos\":", texts(annotations, Annotation.Level.INFO, query));
        json.ascii('}');
        end(json);
        writer.flush();
    }

    private static List<String> texts(List<Annotation> annotations, Annotation.Level level, String query) {
        return annotations.stream()
                .filter(annotation -> annotation.level() == level)
                .map(annotation -> annotation.render(query))
                .distinct()
                .limit(PrometheusJson.ANNOTATIONS_MAX)
                .toList();
    }

    private static void list(JsonBytes json, String key, List<String> texts) throws IOException {
        if (!texts.isEmpty()) {
            json.ascii(key);
            PrometheusJson.strings(json, texts);
        }
    }

    /** The end of a stream that failed: what went wrong, then done. Sets the status if that is still possible. */
    void failed(ApiError error) throws IOException {
        if (!writer.isOpen()) {
            writer.status(error.status());
        }
        JsonBytes json = begin("error");
        json.ascii("{\"code\":")
                .string(code(error))
                .ascii(",\"message\":")
                .string(error.message())
                .ascii('}');
        end(json);
        JsonBytes last = begin("done");
        last.ascii("{\"status\":\"error\"}");
        end(last);
        writer.flush();
    }

    /** The error's code in the words of lakerunner.md section 1.5. */
    static String code(ApiError error) {
        if (error.status() == 429) {
            return "RATE_LIMITED";
        }
        return switch (error.errorType()) {
            case "bad_data" -> "INVALID_EXPR";
            case "execution" -> "EXECUTION_FAILED";
            case "timeout" -> "DEADLINE_EXCEEDED";
            case "canceled" -> "CLIENT_CLOSED";
            case "unavailable" -> "SERVICE_UNAVAILABLE";
            case "not_found" -> "NOT_FOUND";
            default -> "INTERNAL_ERROR";
        };
    }
}
