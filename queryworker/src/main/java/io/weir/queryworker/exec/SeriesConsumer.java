package io.weir.queryworker.exec;

import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;

/** Takes series with all their samples of the wanted time range, in the order of segments. The buffer is refilled afterwards. */
@FunctionalInterface
interface SeriesConsumer {
    void accept(Labels labels, SampleBuffer samples);
}
