package io.weir.precompute.result;

import io.weir.promql.labels.Labels;
import java.util.List;

/** An instant vector, in the order in which it is shown. */
public record ResultVector(List<Element> elements) {
    public ResultVector {
        elements = List.copyOf(elements);
    }

    public record Element(Labels labels, double value) {}
}
