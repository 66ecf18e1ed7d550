package io.weir.precompute.source.pushed;

import io.weir.promql.labels.Labels;
import io.weir.sketch.SketchKind;
import io.weir.sketch.delta.DeltaFrame;

/**
 * One sketch that was pushed, or one change of a sketch.
 *
 * @param sender who pushed it: a name it gave itself, or its address
 * @param metric as queries name it
 * @param labels without the metric's name
 * @param resource told apart, though no query can name it: its sketches of equal labels are merged when they are asked for
 */
public record Push(
        String tenant,
        String sender,
        String metric,
        SketchKind kind,
        Labels labels,
        Labels resource,
        DeltaFrame frame) {}
