package io.weir.promql.exec;

import io.weir.promql.labels.Labels;
import java.util.List;

/**
 * An operator of the final evaluation. Steps are asked for in ascending order, each once; label matching and grouping is
 * computed once, when the tree is built, because {@link #series} never changes.
 */
public interface ExecNode extends AutoCloseable {
    /** The label sets of the result; some may have no sample at any step. A scalar is one series without labels. */
    List<Labels> series();

    /** Computes one step into {@code out}, which this method resets to the number of series. */
    void eval(int step, StepVector out);

    /** Releases what the operator holds; closes its children. Never throws. */
    @Override
    void close();
}
