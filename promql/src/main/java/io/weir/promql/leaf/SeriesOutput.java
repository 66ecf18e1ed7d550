package io.weir.promql.leaf;

import io.weir.promql.aggregate.HistogramCell;
import io.weir.promql.aggregate.StateLayout;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.Column;
import io.weir.promql.series.StepGrid;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** The series themselves. */
final class SeriesOutput implements LeafOutput {
    private final StepGrid grid;
    private final LongConsumer cells;
    private final boolean joins;
    private final Map<Labels, Column> columns = new HashMap<>();

    /**
     * @param cells told of the length of each new column, and may throw
     * @param joins whether series with the same labels become one as long as they have no step in common, as after
     *     functions of single values
     */
    SeriesOutput(StepGrid grid, LongConsumer cells, boolean joins) {
        this.grid = grid;
        this.cells = cells;
        this.joins = joins;
    }

    @Override
    public void add(Labels labels, Column column) {
        Column known = columns.get(labels);
        if (known == null) {
            cells.accept(column.size());
            columns.put(labels, column.copy());
            return;
        }
        for (int i = 0; i < column.size(); i++) {
            if (column.isPresent(i)) {
                if (!joins || known.isPresent(i)) {
                    throw LeafOutput.duplicate();
                }
                Histogram histogram = column.histogram(i);
                if (histogram == null) {
                    known.set(i, column.values()[i]);
                } else {
                    known.setHistogram(i, histogram);
                }
            }
        }
    }

    @Override
    public LeafColumns finish(List<Annotation> annotations) {
        Map<Labels, Column> sorted = new TreeMap<>(columns);
        double[][] values = new double[sorted.size()][];
        @Nullable HistogramCell @Nullable [] @Nullable [] histograms = null;
        int series = 0;
        for (Column column : sorted.values()) {
            values[series] = column.values();
            if (column.hasHistograms()) {
                if (histograms == null) {
                    histograms = new HistogramCell[values.length][];
                }
                histograms[series] = cells(column);
            }
            series++;
        }
        return new LeafColumns(
                grid,
                StateLayout.SAMPLES,
                List.copyOf(sorted.keySet()),
                values,
                new double[0][],
                new long[0][],
                histograms,
                annotations);
    }

    private static @Nullable HistogramCell[] cells(Column column) {
        @Nullable HistogramCell[] cells = new HistogramCell[column.size()];
        for (int step = 0; step < cells.length; step++) {
            Histogram histogram = column.histogram(step);
            cells[step] = histogram == null ? null : HistogramCell.sample(histogram);
        }
        return cells;
    }
}
