package io.weir.ingest.openmetrics;

import io.weir.promql.labels.Labels;
import java.io.IOException;

/** Receives what a {@link TextParser} reads, in the order of the text. */
public interface TextConsumer {
    /**
     * One sample.
     *
     * @param timestampMillis its time, or {@link TextParser#NO_TIMESTAMP}
     */
    void sample(Labels labels, long timestampMillis, double value) throws IOException, InterruptedException;

    /**
     * Type, help or unit of a metric family; each is told when its line is read, with empty texts for the others.
     *
     * @param type lower case, as in the text
     */
    default void metadata(String metric, String type, String help, String unit)
            throws IOException, InterruptedException {}
}
