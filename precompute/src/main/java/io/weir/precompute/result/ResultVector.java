package io.weir.precompute.result;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
import java.util.List;

/**
 * An instant vector, in the order in which it is shown.
 *
 * @param annotations warnings and infos of the query that made it
 */
public record ResultVector(List<Element> elements, List<Annotation> annotations) {
    public ResultVector {
        elements = List.copyOf(elements);
        annotations = List.copyOf(annotations);
    }

    /** One about which there is nothing to say. */
    public ResultVector(List<Element> elements) {
        this(elements, List.of());
    }

    public record Element(Labels labels, double value) {}
}
