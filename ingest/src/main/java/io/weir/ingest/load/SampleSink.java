package io.weir.ingest.load;

import java.io.IOException;

/** Takes samples durably: over remote write, or directly into an ingester of this process. Thread-safe. */
@FunctionalInterface
public interface SampleSink {
    /**
     * Returns when the samples are durable.
     *
     * @throws IOException if they could not be stored, after the retries the sink makes
     */
    void write(SampleTable table) throws IOException, InterruptedException;
}
