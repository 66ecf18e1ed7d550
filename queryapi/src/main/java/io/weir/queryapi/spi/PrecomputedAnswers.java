package io.weir.queryapi.spi;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.Expr;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StepGrid;
import java.util.List;

/**
 * Answers queries from what was computed before. Asked before a query gets a slot, before the catalog is read and before any work is planned.
 * Thread-safe; never blocks.
 */
public interface PrecomputedAnswers {
    /** Has none. */
    PrecomputedAnswers NONE = new PrecomputedAnswers() {
        @Override
        public Answer look(Question question) {
            return new Miss("precompute is not configured");
        }

        @Override
        public Answer answer(Question question) {
            return look(question);
        }
    };

    /**
     * What is asked.
     *
     * @param expression parsed, not yet simplified
     * @param grid a single step for an instant query
     * @param lookbackMillis of this query
     * @param lookbackMillisDefault of queries that do not say
     * @param bounds of the answer to a range query
     */
    record Question(
            String tenant,
            Expr expression,
            StepGrid grid,
            boolean range,
            long lookbackMillis,
            long lookbackMillisDefault,
            Bounds bounds) {}

    /**
     * What computed answers may take. One that would take more is a miss, so that the data's path says which limit it is.
     *
     * @param samplesMax setting query-samples-max
     * @param seriesMax setting query-series-max
     * @param resultBytesMax setting query-result-bytes-max
     */
    record Bounds(long samplesMax, int seriesMax, long resultBytesMax) {}

    /** A hit, or why not. */
    sealed interface Answer {}

    /** @param reason for people: explain shows it */
    record Miss(String reason) implements Answer {}

    /**
     * The whole answer.
     *
     * @param newestMillis the newest tick in it
     * @param ageMillis of that tick when the query asked
     * @param errorBound for people
     * @param series in the order of the answer
     * @param annotations the query's warnings and infos; without positions, as the job may spell it otherwise
     */
    record Hit(
            String jobId,
            long newestMillis,
            long ageMillis,
            String errorBound,
            List<Series> series,
            List<Annotation> annotations)
            implements Answer {
        public Hit {
            series = List.copyOf(series);
            annotations = List.copyOf(annotations);
        }
    }

    /** @param values one per step; {@link io.weir.promql.series.StaleMarker} where there is none */
    record Series(Labels labels, double[] values) {}

    /** Looks without counting: for explain. */
    Answer look(Question question);

    /** Looks for a query of a user, who gets exactly this answer: counts it as hit or miss, once. */
    Answer answer(Question question);
}
