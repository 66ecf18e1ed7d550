package io.weir.promql.leaf;

import io.weir.promql.aggregate.StateLayout;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StepGrid;
import java.util.List;

/**
 * The result of a leaf on a set of series: for each output series (or group) one value per step.
 *
 * <p>Series are sorted by labels and unique. {@code v[series][step]} holds the stale marker's bits where there is no sample; the other
 * columns are meaningless there. Series without any sample are left out.
 *
 * @param c empty unless the layout has it
 * @param n empty unless the layout has it
 */
public record LeafColumns(
        StepGrid grid,
        StateLayout layout,
        List<Labels> series,
        double[][] v,
        double[][] c,
        long[][] n,
        List<Annotation> annotations) {}
