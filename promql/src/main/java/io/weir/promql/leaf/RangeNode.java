package io.weir.promql.leaf;

import io.weir.promql.kernel.RangeFunction;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.Column;
import io.weir.promql.series.SampleBuffer;
import java.util.Map;
import java.util.function.LongConsumer;

/** A range function over a range vector selector or a subquery. */
final class RangeNode implements LeafNode {
    private final RangeFunction function;
    private final SampleSource source;
    private final boolean nameDropped;

    /** Where the samples under the windows come from. */
    interface SampleSource {
        SampleBuffer samples(SeriesInput input);
    }

    /**
     * @param nameDropped whether the range vector's series have lost their names
     */
    RangeNode(RangeFunction function, SampleSource source, boolean nameDropped) {
        this.function = function;
        this.source = source;
        this.nameDropped = nameDropped;
    }

    @Override
    public void eval(SeriesInput input, Column out) {
        function.eval(name(input), source.samples(input), out);
    }

    private Labels name(SeriesInput input) {
        return nameDropped ? Labels.EMPTY : input.labels();
    }

    /** Whether the function yields several columns for a series. */
    boolean yieldsItems() {
        return function.yieldsItems();
    }

    /** The columns by item. */
    Map<String, double[]> evalItems(SeriesInput input, Column scratch, LongConsumer cells) {
        return function.evalItems(name(input), source.samples(input), scratch, cells);
    }
}
