package io.weir.ingest.scrape;

import io.weir.ingest.load.FamilyMetadata;
import io.weir.ingest.load.RemoteWriteClient;
import io.weir.ingest.load.SampleBatch;
import java.io.IOException;
import java.util.List;

/** Takes what was scraped; called from several threads. The batch belongs to the caller again when a call returns. */
public interface SampleSink {
    void write(SampleBatch batch) throws IOException, InterruptedException;

    void writeMetadata(List<FamilyMetadata> metadata) throws IOException, InterruptedException;

    /** The sink that sends by remote write; the client stays the caller's to close. */
    static SampleSink of(RemoteWriteClient client) {
        return new SampleSink() {
            @Override
            public void write(SampleBatch batch) throws IOException, InterruptedException {
                client.send(batch);
            }

            @Override
            public void writeMetadata(List<FamilyMetadata> metadata) throws IOException, InterruptedException {
                client.sendMetadata(metadata);
            }
        };
    }
}
