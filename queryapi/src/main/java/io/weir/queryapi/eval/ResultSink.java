package io.weir.queryapi.eval;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.exec.StepVector;
import io.weir.promql.labels.Labels;
import io.weir.promql.plan.QueryPlan;
import io.weir.promql.series.SampleBuffer;
import java.io.IOException;
import java.util.List;

/**
 * Takes the result of a query while it is computed, on the query's thread. An {@link IOException} means that nobody takes it any more,
 * and cancels the query.
 */
public interface ResultSink {
    /** The client has all that it wanted; the rest of the query is not needed. */
    class EnoughException extends IOException {
        private static final long serialVersionUID = 1L;
    }

    /** The plan, before anything else; told once. */
    void begin(QueryPlan plan) throws IOException;

    /**
     * The series of the steps to come, until the next call; one call unless the query is evaluated in groups of steps. Ordinals are
     * indexes of this list; some series may have no sample.
     */
    void series(List<Labels> series) throws IOException;

    /** One step, in ascending order. The vector is reused. */
    void step(int step, long timeMillis, StepVector values) throws IOException;

    /** One series of the result of a range vector selector, instead of steps; in the order of labels. */
    void samples(Labels labels, SampleBuffer samples) throws IOException;

    /** The query is complete. */
    void end(List<Annotation> annotations) throws IOException;
}
