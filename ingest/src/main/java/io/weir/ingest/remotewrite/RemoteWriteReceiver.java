package io.weir.ingest.remotewrite;

import io.weir.ingest.commit.Committer;
import io.weir.ingest.error.IngestException;
import io.weir.ingest.memory.SeriesRegistry;
import java.io.InputStream;
import java.time.InstantSource;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Receives remote write 1.0 requests: reads, decompresses, decodes and commits them. Thread-safe; the number of requests that are
 * worked on at one time, and the memory they use, are bounded.
 */
public final class RemoteWriteReceiver {
    private static final int BATCH_CAPACITY_KEPT_MAX = 100_000;

    /**
     * What became of a request.
     *
     * @param storedSamples samples that are durable now
     * @param refusals what is not, empty for a perfect request
     */
    public record Outcome(int storedSamples, Refusals refusals) {}

    private final RemoteWriteLimits limits;
    private final SeriesRegistry registry;
    private final Committer committer;
    private final MetadataSink metadataSink;
    private final InstantSource clock;
    private final ArrayBlockingQueue<Workspace> workspaces;
    private final Semaphore bytesInFlight;

    /** The reused memory of one request. */
    private static final class Workspace {
        final SnappyBody body;
        final WriteRequestDecoder decoder;

        Workspace(SeriesRegistry registry, RemoteWriteLimits limits) {
            body = new SnappyBody(limits);
            decoder = new WriteRequestDecoder(registry, limits);
        }
    }

    public RemoteWriteReceiver(
            RemoteWriteLimits limits,
            SeriesRegistry registry,
            Committer committer,
            MetadataSink metadataSink,
            InstantSource clock) {
        this.limits = limits;
        this.registry = registry;
        this.committer = committer;
        this.metadataSink = metadataSink;
        this.clock = clock;
        bytesInFlight = new Semaphore(limits.inFlightBytesMax(), true);
        workspaces = new ArrayBlockingQueue<>(limits.concurrentRequestsMax());
        for (int i = 0; i < limits.concurrentRequestsMax(); i++) {
            workspaces.add(new Workspace(registry, limits));
        }
    }

    /**
     * Stores a request durably.
     *
     * @param contentLength bytes of the body, or -1 when unknown
     * @throws IngestException if nothing of it is known to be stored
     */
    public Outcome receive(
            String tenant,
            @Nullable String contentType,
            @Nullable String contentEncoding,
            long contentLength,
            InputStream body)
            throws InterruptedException {
        checkContentType(contentType);
        checkContentEncoding(contentEncoding);
        Workspace workspace = workspaces.poll(limits.requestWaitMillis(), TimeUnit.MILLISECONDS);
        if (workspace == null) {
            throw IngestException.overloaded(
                    "ingest-remote-write-concurrent-requests-max=" + limits.concurrentRequestsMax()
                            + " requests are worked on already; send again later, with fewer connections");
        }
        boolean reusable = false;
        try {
            Outcome outcome = receive(workspace, tenant, contentLength, body);
            reusable = workspace.decoder.batch().capacity() <= BATCH_CAPACITY_KEPT_MAX;
            return outcome;
        } finally {
            // After a failure the commit thread may still read the batch.
            if (reusable) {
                workspace.body.trim();
                workspace.decoder.batch().clear();
                workspaces.add(workspace);
            } else {
                workspaces.add(new Workspace(registry, limits));
            }
        }
    }

    private Outcome receive(Workspace workspace, String tenant, long contentLength, InputStream body)
            throws InterruptedException {
        int length = workspace.body.read(body, contentLength);
        if (!bytesInFlight.tryAcquire(length, limits.requestWaitMillis(), TimeUnit.MILLISECONDS)) {
            throw IngestException.overloaded(
                    "requests of ingest-remote-write-in-flight-bytes-max=" + limits.inFlightBytesMax()
                            + " bytes are worked on already; send again later, or smaller requests");
        }
        try {
            byte[] content = workspace.body.uncompress(length);
            workspace.decoder.decode(content, length, tenant, clock.millis());
            int samples = workspace.decoder.batch().size();
            if (samples > 0) {
                committer.commit(workspace.decoder.batch());
            }
            if (!workspace.decoder.metadata().isEmpty()) {
                metadataSink.offer(tenant, workspace.decoder.metadata());
            }
            return new Outcome(samples, workspace.decoder.refusals().copy());
        } finally {
            bytesInFlight.release(length);
        }
    }

    private static void checkContentType(@Nullable String contentType) {
        String normalised =
                contentType == null ? "" : contentType.toLowerCase(Locale.ROOT).replace(" ", "");
        String[] parts = normalised.split(";", -1);
        boolean good = parts[0].equals("application/x-protobuf");
        for (int i = 1; i < parts.length; i++) {
            if (parts[i].startsWith("proto=") && !parts[i].replace("\"", "").equals("proto=prometheus.writerequest")) {
                good = false;
            }
        }
        if (!good) {
            throw new IngestException(
                    IngestException.Reason.UNSUPPORTED_MEDIA_TYPE,
                    "Content-Type '" + (contentType == null ? "" : contentType)
                            + "' is not supported; send remote write 1.0: Content-Type application/x-protobuf with"
                            + " message prometheus.WriteRequest, Content-Encoding snappy");
        }
    }

    private static void checkContentEncoding(@Nullable String contentEncoding) {
        if (contentEncoding == null || !contentEncoding.trim().equalsIgnoreCase("snappy")) {
            throw new IngestException(
                    IngestException.Reason.UNSUPPORTED_MEDIA_TYPE,
                    "Content-Encoding '" + (contentEncoding == null ? "" : contentEncoding)
                            + "' is not supported; send Content-Encoding snappy (block format)");
        }
    }
}
