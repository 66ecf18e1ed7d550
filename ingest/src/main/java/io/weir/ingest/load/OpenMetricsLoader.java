package io.weir.ingest.load;

import java.io.IOException;
import java.io.InputStream;

/**
 * Loads metrics text with timestamps, of any size, through a remote write receiver.
 *
 * <p>Memory is bounded by the settings: two batches per lane, the parser's buffer and its cache. What was acknowledged before an error
 * stays written; loading the same input again writes the same samples, which the receiver keeps once.
 */
public final class OpenMetricsLoader {
    private OpenMetricsLoader() {}

    /**
     * Loads the input to its end; the stream and the client stay the caller's to close.
     *
     * @param sizeBytesOrMinusOne size of the input for progress, -1 if unknown
     * @throws io.weir.ingest.openmetrics.TextFormatException at bad text and at a sample without a timestamp, naming the line
     * @throws RemoteWriteException if the receiver refuses a request or stays away
     */
    public static LoadResult load(
            InputStream in,
            long sizeBytesOrMinusOne,
            RemoteWriteClient client,
            LoadSettings settings,
            ProgressListener listener)
            throws IOException, InterruptedException {
        try (LoadLanes lanes = new LoadLanes(client, settings)) {
            return new LoadRun(lanes, client, settings, sizeBytesOrMinusOne, listener).run(in);
        }
    }
}
