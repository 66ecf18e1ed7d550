package io.weir.ingest.remotewrite;

import io.weir.ingest.commit.SampleStore;
import io.weir.ingest.error.IngestException;
import io.weir.ingest.memory.SeriesRegistry;
import java.io.InputStream;
import java.time.InstantSource;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Receives remote write requests, 1.0 and 2.0: reads, decompresses, decodes and commits them. Thread-safe; the number of requests that are
 * worked on at one time, and the memory they use, are bounded.
 */
public final class RemoteWriteReceiver {
    private static final int BATCH_CAPACITY_KEPT_MAX = 100_000;

    /**
     * What became of a request.
     *
     * @param storedSamples float samples that are stored now
     * @param storedHistograms histograms that are stored now
     * @param exemplars exemplars, of which none is stored
     * @param refusals what is not, empty for a perfect request
     */
    public record Outcome(int storedSamples, int storedHistograms, int exemplars, Refusals refusals) {}

    private final RemoteWriteLimits limits;
    private final SeriesRegistry registry;
    private final SampleStore store;
    private final MetadataSink metadataSink;
    private final InstantSource clock;
    private final boolean typeAndUnitLabels;
    private final ArrayBlockingQueue<Workspace> workspaces;
    private final Semaphore bytesInFlight;

    /** The reused memory of one request. */
    private static final class Workspace {
        final SnappyBody body;
        final DecodedRequest request;
        final WriteRequestDecoder decoder;
        final WriteRequestV2Decoder decoderV2;

        Workspace(SeriesRegistry registry, RemoteWriteLimits limits, boolean typeAndUnitLabels) {
            body = new SnappyBody(limits);
            request = new DecodedRequest(limits);
            decoder = new WriteRequestDecoder(registry, limits, request);
            decoderV2 = new WriteRequestV2Decoder(registry, limits, typeAndUnitLabels, request);
        }
    }

    /**
     * @param typeAndUnitLabels whether the metadata of remote write 2.0 becomes labels, as Prometheus' flag type-and-unit-labels has it
     */
    public RemoteWriteReceiver(
            RemoteWriteLimits limits,
            SeriesRegistry registry,
            SampleStore store,
            MetadataSink metadataSink,
            InstantSource clock,
            boolean typeAndUnitLabels) {
        this.limits = limits;
        this.registry = registry;
        this.store = store;
        this.metadataSink = metadataSink;
        this.clock = clock;
        this.typeAndUnitLabels = typeAndUnitLabels;
        bytesInFlight = new Semaphore(limits.inFlightBytesMax(), true);
        workspaces = new ArrayBlockingQueue<>(limits.concurrentRequestsMax());
        for (int i = 0; i < limits.concurrentRequestsMax(); i++) {
            workspaces.add(newWorkspace());
        }
    }

    private Workspace newWorkspace() {
        return new Workspace(registry, limits, typeAndUnitLabels);
    }

    /**
     * Stores a request, as durably as the store is.
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
        RemoteWriteMessage message = RemoteWriteMessage.ofContentType(contentType);
        checkContentEncoding(contentEncoding);
        Workspace workspace = workspaces.poll(limits.requestWaitMillis(), TimeUnit.MILLISECONDS);
        if (workspace == null) {
            throw IngestException.overloaded(
                    "ingest-remote-write-concurrent-requests-max=" + limits.concurrentRequestsMax()
                            + " requests are worked on already; send again later, with fewer connections");
        }
        boolean reusable = false;
        try {
            Outcome outcome = receive(workspace, message, tenant, contentLength, body);
            reusable = workspace.request.batch().capacity() <= BATCH_CAPACITY_KEPT_MAX;
            return outcome;
        } finally {
            // After a failure the commit thread may still read the batch.
            if (reusable) {
                workspace.body.trim();
                workspace.request.batch().clear();
                workspaces.add(workspace);
            } else {
                workspaces.add(newWorkspace());
            }
        }
    }

    private Outcome receive(
            Workspace workspace, RemoteWriteMessage message, String tenant, long contentLength, InputStream body)
            throws InterruptedException {
        int length = workspace.body.read(body, contentLength);
        if (!bytesInFlight.tryAcquire(length, limits.requestWaitMillis(), TimeUnit.MILLISECONDS)) {
            throw IngestException.overloaded(
                    "requests of ingest-remote-write-in-flight-bytes-max=" + limits.inFlightBytesMax()
                            + " bytes are worked on already; send again later, or smaller requests");
        }
        try {
            byte[] content = workspace.body.uncompress(length);
            DecodedRequest request = workspace.request;
            switch (message) {
                case V1 -> workspace.decoder.decode(content, length, tenant, clock.millis());
                case V2 -> workspace.decoderV2.decode(content, length, tenant, clock.millis());
            }
            if (request.batch().size() > 0) {
                store.commit(request.batch());
            }
            if (!request.metadata().isEmpty()) {
                metadataSink.offer(tenant, request.metadata());
            }
            return new Outcome(
                    request.samples(),
                    store.keepsHistograms() ? request.histograms() : 0,
                    request.exemplars(),
                    request.refusals().copy());
        } finally {
            bytesInFlight.release(length);
        }
    }

    /** A sender that says nothing is taken by its word that it is one, as Prometheus takes it. */
    private static void checkContentEncoding(@Nullable String contentEncoding) {
        if (contentEncoding != null
                && !contentEncoding.isBlank()
                && !contentEncoding.trim().equalsIgnoreCase("snappy")) {
            throw new IngestException(
                    IngestException.Reason.UNSUPPORTED_MEDIA_TYPE,
                    "Content-Encoding '" + contentEncoding
                            + "' is not supported; send Content-Encoding snappy (block format)");
        }
    }
}
