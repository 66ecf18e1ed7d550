package io.weir.promql.exec;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
import java.util.List;

/** The finished values of one leaf, all its shards merged; step by step, in ascending order. */
public interface LeafSource extends AutoCloseable {
    /** The label sets of the leaf's result, known before the first step, sorted and unique. */
    List<Labels> series();

    /** Reads one step into {@code out}, which this method resets to the number of series. */
    void read(int step, StepVector out);

    List<Annotation> annotations();

    /** Never throws. */
    @Override
    void close();
}
