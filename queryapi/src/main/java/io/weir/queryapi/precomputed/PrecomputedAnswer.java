package io.weir.queryapi.precomputed;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.exec.StepVector;
import io.weir.promql.labels.Labels;
import io.weir.promql.plan.QueryPlan;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.encoding.NumberText;
import io.weir.queryapi.encoding.PrometheusJson;
import io.weir.queryapi.eval.ResultSink;
import io.weir.queryapi.spi.PrecomputedAnswers.Hit;
import io.weir.queryapi.spi.PrecomputedAnswers.Series;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sends a hit: as Prometheus' answer or into a stream, marked as what it is.
 *
 * <p>The answer to an instant query bears the time of the tick that computed it, not the time that was asked for; the steps of a range query keep
 * their own times.
 */
public final class PrecomputedAnswer {
    /** The info that marks an answer. */
    public static final String DATA_SOURCE = "data_source: precompute_cache";

    private static final String TRUNCATED = "results truncated due to limit";

    private final Hit hit;

    public PrecomputedAnswer(Hit hit) {
        this.hit = hit;
    }

    /** Says so in the headers; before anything of the answer is sent. */
    public void headers(HttpServletResponse response) {
        response.setHeader("X-Query-Source", "precompute");
        response.setHeader("Age", Long.toString(Math.max(0, hit.ageMillis()) / 1_000));
        response.setHeader("X-Precompute-Job", hit.jobId());
        response.setHeader("X-Precompute-Error-Bound", hit.errorBound());
    }

    /** Says so in the answer, before what there is to say about the query. */
    public List<Annotation> annotations() {
        List<Annotation> all = new ArrayList<>();
        all.add(info(DATA_SOURCE));
        all.add(info("precompute: job " + hit.jobId() + ", computed for " + Instant.ofEpochMilli(hit.newestMillis())
                + ", " + Math.max(0, hit.ageMillis()) / 1_000 + " s before the query, error bound "
                + hit.errorBound()));
        all.addAll(hit.annotations());
        return all;
    }

    private static Annotation info(String text) {
        return new Annotation(Annotation.Level.INFO, text, PositionRange.NONE);
    }

    /**
     * Writes the whole answer of {@code /api/v1/query} or {@code /api/v1/query_range}.
     *
     * @param limit most series; 0 for all
     * @param statistics a further member of {@code data}, or null
     */
    public void write(
            JsonBytes json, String query, StepGrid grid, boolean range, int limit, @Nullable Member statistics)
            throws IOException {
        List<Series> all = hit.series();
        boolean truncated = limit > 0 && all.size() > limit;
        List<Series> shown = truncated ? all.subList(0, limit) : all;
        PrometheusJson.success(json);
        json.ascii("{\"resultType\":\"").ascii(range ? "matrix" : "vector").ascii("\",\"result\":[");
        if (range) {
            matrix(json, shown, grid);
        } else {
            vector(json, shown);
        }
        json.ascii(']');
        if (statistics != null) {
            statistics.write(json);
        }
        json.ascii('}');
        List<Annotation> annotations = annotations();
        if (truncated) {
            annotations.add(new Annotation(Annotation.Level.WARNING, TRUNCATED, PositionRange.NONE));
        }
        PrometheusJson.end(json, annotations, query);
    }

    /** Writes a member of an object, its comma before it. */
    public interface Member {
        void write(JsonBytes json) throws IOException;
    }

    private void vector(JsonBytes json, List<Series> shown) throws IOException {
        boolean first = true;
        for (Series series : shown) {
            double value = series.values()[0];
            if (StaleMarker.is(value)) {
                continue;
            }
            if (!first) {
                json.ascii(',');
            }
            first = false;
            PrometheusJson.vectorElement(json, series.labels(), hit.newestMillis(), value);
        }
    }

    private static void matrix(JsonBytes json, List<Series> shown, StepGrid grid) throws IOException {
        byte[][] timestamps = new byte[grid.count()][];
        NumberText numbers = new NumberText();
        byte[] buffer = new byte[64];
        for (int step = 0; step < timestamps.length; step++) {
            timestamps[step] = Arrays.copyOf(buffer, numbers.writeTimestamp(grid.at(step), buffer, 0));
        }
        boolean first = true;
        for (Series series : shown) {
            if (!first) {
                json.ascii(',');
            }
            first = false;
            PrometheusJson.matrixElement(json, series.labels(), timestamps, series.values());
        }
    }

    /** Gives a sink the answer, as an evaluation would. */
    public void into(ResultSink sink, QueryPlan plan, StepGrid grid) throws IOException {
        List<Series> all = hit.series();
        List<Labels> labels = all.stream().map(Series::labels).toList();
        sink.begin(plan);
        sink.series(labels);
        StepVector vector = new StepVector(labels.size());
        for (int step = 0; step < grid.count(); step++) {
            vector.reset(labels.size());
            for (int ordinal = 0; ordinal < labels.size(); ordinal++) {
                vector.set(ordinal, all.get(ordinal).values()[step]);
            }
            sink.step(step, grid.at(step), vector);
        }
        sink.end(annotations());
    }
}
