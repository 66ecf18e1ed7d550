package io.weir.promql.engine;

import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import java.util.List;

/** Where the engine finds samples. */
@FunctionalInterface
public interface SeriesStorage {
    /**
     * One series.
     *
     * @param samples ascending and unique in time, staleness markers included
     */
    record Series(Labels labels, SampleBuffer samples) {}

    /**
     * The series that satisfy all matchers and have a sample in {@code (fromMillis, toMillis]}, in the order of their labels, with
     * the samples in that range.
     */
    List<Series> select(List<LabelMatcher> matchers, long fromMillis, long toMillis);
}
