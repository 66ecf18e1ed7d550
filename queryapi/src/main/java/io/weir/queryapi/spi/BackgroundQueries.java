package io.weir.queryapi.spi;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
import java.util.List;

/**
 * Runs queries that no user waits for, on the normal path, behind the queries of users: in a priority class of their own, with a cap on what they
 * may use. They are no part of the history, the feed, the running queries' limits or the users' metrics. Thread-safe.
 */
public interface BackgroundQueries {
    /**
     * The value of an expression at a time; blocks until it is there.
     *
     * @param deadlineNanos {@link System#nanoTime}
     * @throws io.weir.promql.error.QueryException as for a user's query
     * @throws InterruptedException the query was cancelled, on the workers too
     */
    Evaluated evaluate(String tenant, String query, long timeMillis, long deadlineNanos) throws InterruptedException;

    /**
     * An instant vector.
     *
     * @param samples in the order of the answer
     * @param annotations the query's warnings and infos, with their positions in its text
     */
    record Evaluated(List<Sample> samples, List<Annotation> annotations) {
        public Evaluated {
            samples = List.copyOf(samples);
            annotations = List.copyOf(annotations);
        }
    }

    /** One element of an instant vector. */
    record Sample(Labels labels, double value) {}
}
