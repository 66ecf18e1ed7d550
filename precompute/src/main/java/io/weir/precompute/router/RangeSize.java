package io.weir.precompute.router;

import io.weir.precompute.job.Job;
import io.weir.precompute.result.ResultVector;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.spi.PrecomputedAnswers.Bounds;
import java.util.HashSet;
import java.util.Set;

/** How large the answer to a range query gets: each series takes a column of all steps, in however few of them it is. */
final class RangeSize {
    /** Of a series and of a label, as the limits of computed results count them. */
    private static final long SERIES_BYTES = 64;

    private static final long LABEL_BYTES = 64;

    private final int steps;
    private final Set<Labels> series = new HashSet<>();
    private long bytes;

    RangeSize(int steps) {
        this.steps = steps;
    }

    /** Takes the vector of a step. */
    void add(ResultVector vector) {
        for (ResultVector.Element element : vector.elements()) {
            if (series.add(element.labels())) {
                bytes += SERIES_BYTES + LABEL_BYTES * element.labels().size() + (long) Double.BYTES * steps;
            }
        }
    }

    boolean exceeds(Bounds bounds) {
        return (long) series.size() * steps > bounds.samplesMax()
                || series.size() > bounds.seriesMax()
                || bytes > bounds.resultBytesMax();
    }

    /** For people. */
    String text(Job job) {
        return "the answer of job " + job.jobId() + " has at least " + series.size() + " series of " + steps
                + " steps, which is beyond query-samples-max, query-series-max or query-result-bytes-max";
    }
}
