package io.weir.queryapi.sse;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.error.QueryException;
import io.weir.promql.exec.StepVector;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.labels.Labels;
import io.weir.promql.plan.QueryPlan;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.encoding.PrometheusJson;
import io.weir.queryapi.eval.ResultSink;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Sends each step as soon as it is computed, the series of a step in the order of their labels. */
final class SseResultSink implements ResultSink {
    /** Thrown to itself, as it were: the limit is reached, and the rest of the query is not wanted. */
    static final class LimitReached extends EnoughException {
        private static final long serialVersionUID = 1L;
    }

    private final SseFrames frames;
    private final SseRequest request;
    private final byte[] label;
    private final Map<Labels, Integer> matrixIndex = new HashMap<>();
    private List<Labels> series = List.of();
    private byte[] @Nullable [] tags = {};
    private int[] order = {};
    private int[] indexes = {};
    private int sent;

    SseResultSink(SseFrames frames, SseRequest request) throws IOException {
        this.frames = frames;
        this.request = request;
        this.label = SseFrames.stringJson(request.query());
    }

    @Override
    public void begin(QueryPlan plan) {}

    @Override
    public void series(List<Labels> series) {
        this.series = series;
        tags = new byte[series.size()][];
        indexes = new int[series.size()];
        Arrays.fill(indexes, -1);
        order = IntStream.range(0, series.size())
                .boxed()
                .sorted(Comparator.comparing(series::get))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    @Override
    public void step(int step, long timeMillis, StepVector vector) throws IOException {
        if (request.matrix()) {
            matrixStep(timeMillis, vector);
            return;
        }
        double[] values = vector.values();
        for (int ordinal : order) {
            double value = values[ordinal];
            if (StaleMarker.is(value)) {
                continue;
            }
            count();
            byte[] json = tags[ordinal];
            if (json == null) {
                json = SseFrames.labelsJson(shown(series.get(ordinal)));
                tags[ordinal] = json;
            }
            Histogram histogram = vector.histogram(ordinal);
            if (histogram == null) {
                frames.point(json, value, timeMillis, label);
            } else {
                frames.point(json, histogram, timeMillis, label);
            }
        }
    }

    private void count() throws LimitReached {
        if (request.limit() > 0 && sent == request.limit()) {
            throw new LimitReached();
        }
        sent++;
    }

    private Labels shown(Labels labels) {
        return request.fields().isEmpty() ? labels : labels.keep(request.fields());
    }

    private void matrixStep(long timeMillis, StepVector vector) throws IOException {
        double[] values = vector.values();
        boolean any = false;
        for (int ordinal : order) {
            if (!StaleMarker.is(values[ordinal])) {
                any = true;
                if (indexes[ordinal] < 0) {
                    indexes[ordinal] = announce(series.get(ordinal));
                }
            }
        }
        if (!any) {
            return;
        }
        count();
        JsonBytes json = frames.begin("step");
        json.ascii("{\"timestamp\":").number(timeMillis).ascii(",\"series\":[");
        boolean first = true;
        for (int ordinal : order) {
            if (!StaleMarker.is(values[ordinal])) {
                if (!first) {
                    json.ascii(',');
                }
                first = false;
                json.number(indexes[ordinal]);
            }
        }
        json.ascii("],\"values\":[");
        first = true;
        for (int ordinal : order) {
            if (!StaleMarker.is(values[ordinal])) {
                if (!first) {
                    json.ascii(',');
                }
                first = false;
                Histogram histogram = vector.histogram(ordinal);
                if (histogram == null) {
                    SseFrames.number(json, values[ordinal]);
                } else {
                    PrometheusJson.histogram(json, histogram);
                }
            }
        }
        json.ascii("]}");
        frames.end(json);
    }

    /** The number of a series in this stream; the first time its labels are sent. */
    private int announce(Labels labels) throws IOException {
        Integer known = matrixIndex.get(labels);
        if (known != null) {
            return known;
        }
        int index = matrixIndex.size();
        matrixIndex.put(labels, index);
        JsonBytes json = frames.begin("series");
        json.ascii("{\"index\":").number(index).ascii(",\"tags\":").raw(SseFrames.labelsJson(shown(labels)));
        json.ascii(",\"label\":").raw(label).ascii('}');
        frames.end(json);
        return index;
    }

    @Override
    public void samples(Labels labels, SampleBuffer samples) {
        throw new QueryException.BadData("a range vector has no value per step; use a function like rate(...)");
    }

    @Override
    public void end(List<Annotation> annotations) throws IOException {
        frames.done(annotations, List.of(), request.query());
    }
}
