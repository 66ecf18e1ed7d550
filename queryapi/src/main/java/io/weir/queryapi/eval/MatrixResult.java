package io.weir.queryapi.eval;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.error.QueryException;
import io.weir.promql.exec.ResultOrdering;
import io.weir.promql.exec.StepVector;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.labels.Labels;
import io.weir.promql.plan.QueryPlan;
import io.weir.promql.plan.ResultOrder;
import io.weir.promql.series.Column;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A sink that keeps the whole result, series by series, as columns. Series without any sample take no room. */
public final class MatrixResult implements ResultSink {
    /** What a histogram takes besides its buckets, roughly. */
    private static final long HISTOGRAM_BYTES = 160;

    /**
     * One series with a sample, or none, per step of the grid.
     *
     * @param ordinal place among the series as the evaluation gave them
     */
    public record Row(int ordinal, Labels labels, Column column) {
        /** The floats; the stale marker's bits where there is no sample, {@link Column#HISTOGRAM} where there is a histogram. */
        public double[] values() {
            return column.values();
        }
    }

    /**
     * The samples of one series of a range vector selector.
     *
     * @param histograms by sample, null for floats; null without any histogram
     */
    public record RawSeries(
            Labels labels,
            long[] timestamps,
            double[] values,
            @Nullable Histogram @Nullable [] histograms) {}

    private final QueryLimits limits;
    private final List<Row> rows = new ArrayList<>();
    private final List<RawSeries> raw = new ArrayList<>();
    private final Map<Labels, Row> rowByLabels = new HashMap<>();
    private @Nullable QueryPlan plan;
    private @Nullable Row[] rowOfOrdinal = {};
    private List<Labels> series = List.of();
    private List<Annotation> annotations = List.of();
    private int steps;
    private long bytes;

    public MatrixResult(QueryLimits limits) {
        this.limits = limits;
    }

    @Override
    public void begin(QueryPlan plan) {
        this.plan = plan;
        steps = plan.rootGrid().count();
    }

    @Override
    public void series(List<Labels> series) {
        this.series = series;
        rowOfOrdinal = new Row[series.size()];
    }

    @Override
    public void step(int step, long timeMillis, StepVector vector) {
        double[] values = vector.values();
        int size = vector.size();
        boolean histograms = vector.hasHistograms();
        for (int ordinal = 0; ordinal < size; ordinal++) {
            double value = values[ordinal];
            if (Double.isNaN(value) && StaleMarker.is(value)) {
                continue;
            }
            Row row = rowOfOrdinal[ordinal];
            if (row == null) {
                row = row(ordinal);
            }
            Histogram histogram = histograms ? vector.histogram(ordinal) : null;
            if (histogram == null) {
                row.column.values()[step] = value;
            } else {
                row.column.setHistogram(step, histogram);
                account(bytesOf(histogram));
            }
        }
    }

    private Row row(int ordinal) {
        Labels labels = series.get(ordinal);
        Row row = rowByLabels.get(labels);
        if (row == null) {
            account(labels, 8L * steps);
            Column column = new Column(steps);
            Arrays.fill(column.values(), StaleMarker.VALUE);
            row = new Row(rows.size(), labels, column);
            rows.add(row);
            rowByLabels.put(labels, row);
        }
        rowOfOrdinal[ordinal] = row;
        return row;
    }

    @Override
    public void samples(Labels labels, SampleBuffer samples) {
        account(labels, 16L * samples.size());
        raw.add(new RawSeries(
                labels,
                Arrays.copyOf(samples.timestamps(), samples.size()),
                Arrays.copyOf(samples.values(), samples.size()),
                samples.hasHistograms() ? histograms(samples) : null));
    }

    private @Nullable Histogram[] histograms(SampleBuffer samples) {
        @Nullable Histogram[] histograms = new Histogram[samples.size()];
        for (int i = 0; i < histograms.length; i++) {
            Histogram histogram = samples.histogram(i);
            if (histogram != null) {
                account(bytesOf(histogram));
                histograms[i] = histogram;
            }
        }
        return histograms;
    }

    /** Heap bytes of a histogram, roughly. */
    private static long bytesOf(Histogram histogram) {
        return HISTOGRAM_BYTES
                + 8L
                        * (histogram.positiveBuckets().length
                                + histogram.negativeBuckets().length
                                + histogram.customBounds().length)
                + 4L * (histogram.positiveSpans().length + histogram.negativeSpans().length);
    }

    private void account(Labels labels, long columnBytes) {
        if (rows.size() + raw.size() >= limits.seriesMax()) {
            throw new QueryException.LimitExceeded("the result has more than " + limits.seriesMax()
                    + " series (setting query-series-max); aggregate or narrow the selector");
        }
        account(columnBytes + 64 + 64L * labels.size());
    }

    private void account(long moreBytes) {
        bytes += moreBytes;
        if (bytes > limits.resultBytesMax()) {
            throw new QueryException.LimitExceeded("the result takes more than " + limits.resultBytesMax()
                    + " bytes (setting query-result-bytes-max); aggregate, narrow the selector or use a larger step");
        }
    }

    @Override
    public void end(List<Annotation> annotations) {
        this.annotations = annotations;
    }

    public QueryPlan plan() {
        return Objects.requireNonNull(plan);
    }

    public StepGrid grid() {
        return plan().rootGrid();
    }

    /** The series with at least one sample, sorted by labels. */
    public List<Row> rowsByLabels() {
        return rows.stream().sorted(Comparator.comparing(Row::labels)).toList();
    }

    /** Those of an instant vector, in the order in which the query gives them. */
    public List<Row> rowsInOrder() {
        List<Row> sorted = rowsByLabels();
        if (plan().order() instanceof ResultOrder.ByLabels) {
            return sorted;
        }
        List<Labels> labels = sorted.stream().map(Row::labels).toList();
        StepVector vector = new StepVector(sorted.size());
        vector.reset(sorted.size());
        for (int i = 0; i < sorted.size(); i++) {
            Histogram histogram = sorted.get(i).column().histogram(0);
            if (histogram == null) {
                vector.set(i, sorted.get(i).values()[0]);
            } else {
                vector.setHistogram(i, histogram);
            }
        }
        return Arrays.stream(ResultOrdering.of(plan().order(), labels, vector))
                .mapToObj(sorted::get)
                .toList();
    }

    /** The series of a range vector selector, sorted by labels. */
    public List<RawSeries> raw() {
        return raw;
    }

    public List<Annotation> annotations() {
        return annotations;
    }
}
