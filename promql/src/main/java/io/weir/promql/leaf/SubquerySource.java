package io.weir.promql.leaf;

import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;

/** The points of a subquery on one series: the inner expression on the subquery's own grid. */
final class SubquerySource implements RangeNode.SampleSource {
    private final LeafNode inner;
    private final StepGrid grid;
    private final double[] column;
    private final SampleBuffer points;

    SubquerySource(LeafNode inner, StepGrid grid) {
        this.inner = inner;
        this.grid = grid;
        column = new double[grid.count()];
        points = new SampleBuffer(grid.count());
    }

    @Override
    public SampleBuffer samples(SeriesInput input) {
        inner.eval(input, column);
        points.clear();
        long[] timestamps = points.timestamps();
        double[] values = points.values();
        int size = 0;
        for (int step = 0; step < column.length; step++) {
            if (!StaleMarker.is(column[step])) {
                timestamps[size] = grid.at(step);
                values[size++] = column[step];
            }
        }
        points.setSize(size);
        return points;
    }
}
