package io.weir.queryapi.http;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.ast.ValueType;
import io.weir.promql.exec.ResultOrdering;
import io.weir.promql.exec.StepVector;
import io.weir.promql.labels.Labels;
import io.weir.promql.plan.PlanNode;
import io.weir.promql.plan.ResultOrder;
import io.weir.promql.series.StepGrid;
import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.encoding.NumberText;
import io.weir.queryapi.encoding.PrometheusJson;
import io.weir.queryapi.eval.MatrixResult;
import io.weir.queryapi.eval.MatrixResult.RawSeries;
import io.weir.queryapi.eval.MatrixResult.Row;
import io.weir.queryapi.eval.QueryEngine.QueryStatistics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Writes a finished query result as {@code /api/v1/query} and {@code /api/v1/query_range} answer it. */
final class ResultJson {
    static final String TRUNCATED = "results truncated due to limit";

    private final MatrixResult result;
    private final String query;
    private final boolean range;
    private final int limit;
    private final @Nullable QueryStatistics statistics;
    private boolean truncated;

    /**
     * @param range whether a range query was asked, whose result is always a matrix
     * @param limit most series written; 0 for all
     * @param statistics what to tell about the cost, or null
     */
    ResultJson(
            MatrixResult result, String query, boolean range, int limit, @Nullable QueryStatistics statistics) {
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
            statistics(json, statistics);
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
            PrometheusJson.matrixElement(json, row.labels(), timestamps, row.values());
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
            json.ascii(",\"values\":[");
            for (int i = 0; i < series.timestamps().length; i++) {
                if (i > 0) {
                    json.ascii(',');
                }
                json.point(series.timestamps()[i], series.values()[i]);
            }
            json.ascii("]}");
        }
        json.ascii(']');
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
        for (Row row : limited(ordered(result.rowsByLabels()))) {
            if (!first) {
                json.ascii(',');
            }
            first = false;
            PrometheusJson.vectorElement(json, row.labels(), time, row.values()[0]);
        }
        json.ascii(']');
    }

    private List<Row> ordered(List<Row> rows) {
        if (result.plan().order() instanceof ResultOrder.ByLabels) {
            return rows;
        }
        List<Labels> series = rows.stream().map(Row::labels).toList();
        StepVector vector = new StepVector(rows.size());
        vector.reset(rows.size());
        for (int i = 0; i < rows.size(); i++) {
            vector.values()[i] = rows.get(i).values()[0];
        }
        return Arrays.stream(ResultOrdering.of(result.plan().order(), series, vector))
                .mapToObj(rows::get)
                .toList();
    }

    private void scalar(JsonBytes json) throws IOException {
        List<Row> rows = result.rowsByLabels();
        if (rows.size() != 1 || !rows.getFirst().labels().equals(Labels.EMPTY)) {
            throw new IllegalStateException("a scalar has " + rows.size() + " series");
        }
        json.point(result.grid().startMillis(), rows.getFirst().values()[0]);
    }

    private void string(JsonBytes json) throws IOException {
        if (!(result.plan().root() instanceof PlanNode.Text text)) {
            throw new IllegalStateException("a string without text");
        }
        json.ascii('[')
                .timestamp(result.grid().startMillis())
                .ascii(',')
                .string(text.value())
                .ascii(']');
    }

    private static void statistics(JsonBytes json, QueryStatistics statistics) throws IOException {
        double planning = statistics.planningNanos() / 1e9;
        double total = statistics.totalNanos() / 1e9;
        json.ascii(String.format(
                Locale.ROOT,
                ",\"stats\":{\"timings\":{\"evalTotalTime\":%.9f,\"resultSortTime\":0,\"queryPreparationTime\":%.9f,"
                        + "\"innerEvalTime\":%.9f,\"execQueueTime\":0,\"execTotalTime\":%.9f},"
                        + "\"samples\":{\"totalQueryableSamples\":%d,\"peakSamples\":%d},\"workUnits\":%d}",
                total,
                planning,
                total - planning,
                total,
                statistics.samplesRead(),
                statistics.samplesRead(),
                statistics.units()));
    }

}
