package io.weir.ingest.scrape;

import io.weir.ingest.openmetrics.TextFormatListener;
import java.io.IOException;

/** Something whose metrics can be read at any time, with the job and instance they belong to; used by one thread. */
public interface ScrapeSource {
    String job();

    String instance();

    /**
     * Reads the metrics as they are now into the listener.
     *
     * @throws IOException if they cannot be had; what the listener got before does not count
     */
    void collect(TextFormatListener listener) throws IOException, InterruptedException;
}
