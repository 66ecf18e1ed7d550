package io.weir.queryapi.http;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.ast.ValueType;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.labels.Labels;
import io.weir.promql.plan.PlanNode;
import io.weir.promql.series.StepGrid;
import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.encoding.NumberText;
import io.weir.queryapi.encoding.PrometheusJson;
import io.weir.queryapi.eval.MatrixResult;
import io.weir.queryapi.eval.MatrixResult.RawSeries;
import io.weir.queryapi.eval.MatrixResult.Row;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes a finished query result as {@code /api/v1/query} and {@code /api/v1/query_range} answer it. */
final class ResultJson {
    static final String TRUNCATED = "results truncated due to limit";

    private final MatrixResult result;
    private final String query;
    private final boolean range;
    private final int limit;
    private final @Nullable StatisticsJson statistics;
    private boolean truncated;

    /**
     * @param range whether a range query was asked, whose result is always a matrix
     * @param limit most series written; 0 for all
     * @param statistics what to tell about the cost, or null
     */
    ResultJson(MatrixResult result, String query, boolean range, int limit, @Nullable StatisticsJson statistics) {
        this.result = result;
        this.query = query;
        this.range = range;
        this.limit = limit;
        this.statistics = statistics;
    }

    void write(JsonBytes json) throws IOException {
        PrometheusJson.success(json);
        json.ascii("{\"resultType\":\"").ascii(range ? "matrix" : type().text()).ascii("\",\"result\":");
        if (range) {
            matrix(json);
        } else {
            switch (type()) {
                case VECTOR -> vector(json);
                case SCALAR -> scalar(json);
                case STRING -> string(json);
                case MATRIX -> matrix(json);
            }
        }
        if (statistics != null) {
            statistics.write(json);
        }
        json.ascii('}');
        List<Annotation> annotations = new ArrayList<>(result.annotations());
        if (truncated) {
            annotations.addFirst(new Annotation(Annotation.Level.WARNING, TRUNCATED, PositionRange.NONE));
        }
        PrometheusJson.end(json, annotations, query);
    }

    private ValueType type() {
        return result.plan().type();
    }

    private <T> List<T> limited(List<T> all) {
        if (limit > 0 && all.size() > limit) {
            truncated = true;
            return all.subList(0, limit);
        }
        return all;
    }

    private void matrix(JsonBytes json) throws IOException {
        if (result.plan().root() instanceof PlanNode.RawRead) {
            rawMatrix(json);
            return;
        }
        byte[][] timestamps = timestamps(result.grid());
        json.ascii('[');
        boolean first = true;
        for (Row row : limited(result.rowsByLabels())) {
            if (!first) {
                json.ascii(',');
            }
            first = false;
            PrometheusJson.matrixElement(json, row.labels(), timestamps, row.column());
        }
        json.ascii(']');
    }

    private void rawMatrix(JsonBytes json) throws IOException {
        json.ascii('[');
        boolean first = true;
        for (RawSeries series : limited(result.raw())) {
            json.ascii(first ? "{\"metric\":" : ",{\"metric\":");
            first = false;
            PrometheusJson.labels(json, series.labels());
            rawSamples(json, series);
            json.ascii('}');
        }
        json.ascii(']');
    }

    private static void rawSamples(JsonBytes json, RawSeries series) throws IOException {
        @Nullable Histogram[] histograms = series.histograms();
        boolean first = true;
        for (int i = 0; i < series.timestamps().length; i++) {
            if (histograms == null || histograms[i] == null) {
                json.ascii(first ? ",\"values\":[" : ",");
                first = false;
                json.point(series.timestamps()[i], series.values()[i]);
            }
        }
        json.ascii(first ? "" : "]");
        if (histograms == null) {
            return;
        }
        first = true;
        for (int i = 0; i < histograms.length; i++) {
            Histogram histogram = histograms[i];
            if (histogram != null) {
                json.ascii(first ? ",\"histograms\":[[" : ",[");
                first = false;
                json.timestamp(series.timestamps()[i]).ascii(',');
                PrometheusJson.histogram(json, histogram);
                json.ascii(']');
            }
        }
        json.ascii(first ? "" : "]");
    }

    private static byte[][] timestamps(StepGrid grid) {
        byte[][] timestamps = new byte[grid.count()][];
        NumberText numbers = new NumberText();
        byte[] buffer = new byte[64];
        for (int step = 0; step < timestamps.length; step++) {
            timestamps[step] = Arrays.copyOf(buffer, numbers.writeTimestamp(grid.at(step), buffer, 0));
        }
        return timestamps;
    }

    private void vector(JsonBytes json) throws IOException {
        long time = result.grid().startMillis();
        json.ascii('[');
        boolean first = true;
        for (Row row : limited(result.rowsInOrder())) {
            if (!first) {
                json.ascii(',');
            }
            first = false;
            Histogram histogram = row.column().histogram(0);
            if (histogram == null) {
                PrometheusJson.vectorElement(json, row.labels(), time, row.values()[0]);
            } else {
                PrometheusJson.vectorElement(json, row.labels(), time, histogram);
            }
        }
        json.ascii(']');
    }

    /** Scalars and strings are written by Go's standard library (promql/value.go), which writes numbers its own way. */
    private void scalar(JsonBytes json) throws IOException {
        List<Row> rows = result.rowsByLabels();
        if (rows.size() != 1 || !rows.getFirst().labels().equals(Labels.EMPTY)) {
            throw new IllegalStateException("a scalar has " + rows.size() + " series");
        }
        json.ascii('[')
                .value(result.grid().startMillis() / 1000.0)
                .ascii(',')
                .quotedPlainValue(rows.getFirst().values()[0])
                .ascii(']');
    }

    private void string(JsonBytes json) throws IOException {
        if (!(result.plan().root() instanceof PlanNode.Text text)) {
            throw new IllegalStateException("a string without text");
        }
        json.ascii('[')
                .value(result.grid().startMillis() / 1000.0)
                .ascii(',')
                .goString(text.value())
                .ascii(']');
    }
}
