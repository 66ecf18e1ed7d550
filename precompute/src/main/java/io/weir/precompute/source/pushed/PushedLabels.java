package io.weir.precompute.source.pushed;

import io.weir.precompute.source.LabelsHeap;
import io.weir.promql.labels.Labels;

/**
 * What tells the streams of one sender and metric apart.
 *
 * @param resource no query can name it: sketches of equal labels are merged when they are asked for
 * @param labels without the metric's name
 */
public record PushedLabels(Labels resource, Labels labels) {
    long bytes() {
        return LabelsHeap.bytes(resource) + LabelsHeap.bytes(labels);
    }
}
