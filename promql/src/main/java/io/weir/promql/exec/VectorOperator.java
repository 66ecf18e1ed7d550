package io.weir.promql.exec;

import io.weir.promql.labels.Labels;
import java.util.BitSet;
import java.util.List;

/** An operator whose result is an instant vector. */
abstract class VectorOperator implements ExecNode {
    private final List<Labels> series;
    private final BitSet dropsName;

    /**
     * An operator with this result.
     *
     * @param dropsName which series lose their metric name at the end of the query; empty unless name removal is delayed
     */
    VectorOperator(List<Labels> series, BitSet dropsName) {
        this.series = List.copyOf(series);
        this.dropsName = dropsName;
    }

    @Override
    public final List<Labels> series() {
        return series;
    }

    final BitSet dropsName() {
        return dropsName;
    }
}
