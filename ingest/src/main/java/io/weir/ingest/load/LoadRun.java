package io.weir.ingest.load;

import io.weir.ingest.openmetrics.MetricType;
import io.weir.ingest.openmetrics.TextFormatException;
import io.weir.ingest.openmetrics.TextFormatListener;
import io.weir.ingest.openmetrics.TextFormatParser;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.List;

/** One load: from the parser's callbacks into the lanes. */
final class LoadRun implements TextFormatListener {
    private final LoadLanes lanes;
    private final RemoteWriteClient client;
    private final LoadSettings settings;
    private final long sizeBytes;
    private final ProgressListener progress;
    private final TextFormatParser parser;
    private final MetadataCollector metadata = new MetadataCollector();

    private long samplesRead;
    private long samplesAtNextProgress;
    private long metadataSent;
    private long metadataRequests;

    LoadRun(
            LoadLanes lanes,
            RemoteWriteClient client,
            LoadSettings settings,
            long sizeBytes,
            ProgressListener progress) {
        this.lanes = lanes;
        this.client = client;
        this.settings = settings;
        this.sizeBytes = sizeBytes;
        this.progress = progress;
        this.parser = new TextFormatParser(settings.format(), settings.parser());
        this.samplesAtNextProgress = settings.progressSamples();
    }

    LoadResult run(InputStream in) throws IOException, InterruptedException {
        try {
            parser.parse(in, this);
            sendMetadata();
        } catch (InterruptedIOException e) {
            if (e.getCause() instanceof InterruptedException interruption) {
                throw interruption;
            }
            throw e;
        }
        lanes.finish();
        report();
        return new LoadResult(
                parser.bytesRead(),
                parser.linesRead(),
                lanes.samplesSent(),
                metadataSent,
                lanes.requests() + metadataRequests);
    }

    @Override
    public void onSample(Labels labels, double value, long timestampMillis, long line) throws IOException {
        if (timestampMillis == NO_TIMESTAMP) {
            throw new TextFormatException(
                    line,
                    "the sample of " + labels.metricName() + " has no timestamp; loading needs one after each value");
        }
        try {
            lanes.add(labels, timestampMillis, value);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        if (++samplesRead >= samplesAtNextProgress) {
            samplesAtNextProgress = samplesRead + settings.progressSamples();
            report();
        }
    }

    @Override
    public void onType(String family, MetricType type) throws IOException {
        metadata.type(family, type);
        sendMetadataIfFull();
    }

    @Override
    public void onHelp(String family, String help) throws IOException {
        metadata.help(family, help);
        sendMetadataIfFull();
    }

    @Override
    public void onUnit(String family, String unit) throws IOException {
        metadata.unit(family, unit);
        sendMetadataIfFull();
    }

    private void sendMetadataIfFull() throws IOException {
        // One more than a request takes: the newest family's other lines may still come.
        if (metadata.size() > settings.metadataPerRequestMax()) {
            try {
                send(metadata.takeAllButNewest());
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
        }
    }

    private void sendMetadata() throws IOException, InterruptedException {
        send(metadata.takeAll());
    }

    private void send(List<FamilyMetadata> entries) throws IOException, InterruptedException {
        if (!entries.isEmpty()) {
            client.sendMetadata(entries);
            metadataSent += entries.size();
            metadataRequests++;
        }
    }

    private void report() {
        progress.onProgress(new LoadProgress(parser.bytesRead(), sizeBytes, samplesRead, lanes.samplesSent()));
    }

    /** The parser's callbacks throw only IOException; {@link #run} unwraps it. */
    private static InterruptedIOException interrupted(InterruptedException cause) {
        InterruptedIOException wrapped = new InterruptedIOException("interrupted while sending");
        wrapped.initCause(cause);
        return wrapped;
    }
}
