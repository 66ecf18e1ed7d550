package io.weir.promql.leaf;

import io.weir.promql.aggregate.StateLayout;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The series themselves. */
final class SeriesOutput implements LeafOutput {
    private final StepGrid grid;
    private final LeafBudget budget;
    private final boolean joins;
    private final Map<Labels, double[]> columns = new HashMap<>();

    /**
     * @param joins whether series with the same labels become one as long as they have no step in common, as after
     *     functions of single values
     */
    SeriesOutput(StepGrid grid, LeafBudget budget, boolean joins) {
        this.grid = grid;
        this.budget = budget;
        this.joins = joins;
    }

    @Override
    public void add(Labels labels, double[] column) {
        double[] known = columns.get(labels);
        if (known == null) {
            budget.takeCells(column.length);
            columns.put(labels, column.clone());
            return;
        }
        for (int i = 0; i < column.length; i++) {
            if (!StaleMarker.is(column[i])) {
                if (!joins || !StaleMarker.is(known[i])) {
                    throw LeafOutput.duplicate();
                }
                known[i] = column[i];
            }
        }
    }

    @Override
    public LeafColumns finish(List<Annotation> annotations) {
        Map<Labels, double[]> sorted = new TreeMap<>(columns);
        return new LeafColumns(
                grid,
                StateLayout.SAMPLES,
                List.copyOf(sorted.keySet()),
                sorted.values().toArray(double[][]::new),
                new double[0][],
                new long[0][],
                annotations);
    }
}
