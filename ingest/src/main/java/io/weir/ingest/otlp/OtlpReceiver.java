package io.weir.ingest.otlp;

import com.google.protobuf.InvalidProtocolBufferException;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsPartialSuccess;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.weir.ingest.commit.SampleStore;
import io.weir.ingest.error.IngestException;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.remotewrite.DecodedRequest;
import io.weir.ingest.remotewrite.MetadataSink;
import io.weir.ingest.remotewrite.Refusals;
import io.weir.ingest.remotewrite.RemoteWriteLimits;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.time.InstantSource;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Receives OTLP metrics, over HTTP as they come and over gRPC decoded: reads, decompresses, translates and commits them. Thread-safe; the
 * number of requests that are worked on at one time, and their bytes, are bounded.
 */
public final class OtlpReceiver {
    private final OtlpSettings settings;
    private final RemoteWriteLimits limits;
    private final SeriesRegistry registry;
    private final SampleStore store;
    private final MetadataSink metadataSink;
    private final InstantSource clock;
    private final OtlpTranslator translator;
    private final Semaphore requests;
    private final Semaphore bytesInFlight;

    /**
     * @param typeAndUnitLabels whether a metric's type and unit become labels, as Prometheus' flag type-and-unit-labels has it
     */
    public OtlpReceiver(
            OtlpSettings settings,
            RemoteWriteLimits limits,
            SeriesRegistry registry,
            SampleStore store,
            MetadataSink metadataSink,
            InstantSource clock,
            boolean typeAndUnitLabels) {
        this.settings = settings;
        this.limits = limits;
        this.registry = registry;
        this.store = store;
        this.metadataSink = metadataSink;
        this.clock = clock;
        translator = new OtlpTranslator(settings, limits, typeAndUnitLabels);
        requests = new Semaphore(settings.concurrentRequestsMax(), true);
        bytesInFlight = new Semaphore(settings.inFlightBytesMax(), true);
    }

    /**
     * What became of a request.
     *
     * @param contentType of the answer
     * @param body of the answer
     * @param exemplars exemplars, of which none is stored
     * @param refusals what is not stored, empty for a perfect request
     */
    @SuppressWarnings("ArrayRecordComponent") // a carrier to the response, never compared
    public record Outcome(String contentType, byte[] body, int exemplars, Refusals refusals) {}

    /**
     * What became of a request that came decoded.
     *
     * @param exemplars exemplars, of which none is stored
     * @param refusals what is not stored, empty for a perfect request
     */
    public record Stored(ExportMetricsServiceResponse response, int exemplars, Refusals refusals) {}

    /**
     * Stores a request. Where a part of it has no translation, the rest is stored and the answer says so, as OTLP wants it.
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
        OtlpFormat format = OtlpFormat.of(contentType);
        acquireRequest();
        try {
            byte[] content = OtlpBody.read(body, contentEncoding, contentLength, settings.requestBytesMax());
            acquireBytes(content.length);
            try {
                Stored stored = translateAndCommit(tenant, parse(format, content));
                return new Outcome(
                        format.contentType(), write(format, stored.response()), stored.exemplars(), stored.refusals());
            } finally {
                bytesInFlight.release(content.length);
            }
        } finally {
            requests.release();
        }
    }

    /**
     * Stores a request that came over gRPC, as {@link #receive(String, String, String, long, InputStream)}.
     *
     * @throws IngestException if nothing of it is known to be stored
     */
    public Stored receive(String tenant, ExportMetricsServiceRequest request) throws InterruptedException {
        int bytes = request.getSerializedSize();
        if (bytes > settings.requestBytesMax()) {
            throw OtlpBody.tooLarge(bytes + " bytes", settings.requestBytesMax());
        }
        acquireRequest();
        try {
            acquireBytes(bytes);
            try {
                return translateAndCommit(tenant, request);
            } finally {
                bytesInFlight.release(bytes);
            }
        } finally {
            requests.release();
        }
    }

    private void acquireRequest() throws InterruptedException {
        if (!requests.tryAcquire(settings.requestWaitMillis(), TimeUnit.MILLISECONDS)) {
            throw IngestException.overloaded("ingest-otlp-concurrent-requests-max=" + settings.concurrentRequestsMax()
                    + " requests are worked on already; send again later, with fewer connections");
        }
    }

    private void acquireBytes(int bytes) throws InterruptedException {
        if (!bytesInFlight.tryAcquire(bytes, settings.requestWaitMillis(), TimeUnit.MILLISECONDS)) {
            throw IngestException.overloaded("requests of ingest-otlp-in-flight-bytes-max="
                    + settings.inFlightBytesMax()
                    + " bytes are worked on already; send again later, or smaller requests");
        }
    }

    private Stored translateAndCommit(String tenant, ExportMetricsServiceRequest message) throws InterruptedException {
        DecodedRequest request = new DecodedRequest(limits);
        request.clear(clock.millis());
        long refusedPoints = translator.translate(message, registry.tenant(tenant), request);
        Refusals refusals = request.refusals();
        if (request.batch().size() == 0 && !refusals.isEmpty()) {
            throw IngestException.badData("nothing of this request was stored: " + refusals.describe());
        }
        if (request.batch().size() > 0) {
            store.commit(request.batch());
        }
        if (!request.metadata().isEmpty()) {
            metadataSink.offer(tenant, request.metadata());
        }
        return new Stored(answer(refusedPoints, refusals), request.exemplars(), refusals);
    }

    private static ExportMetricsServiceRequest parse(OtlpFormat format, byte[] content) {
        try {
            return format.parse(content);
        } catch (InvalidProtocolBufferException | CharacterCodingException e) {
            throw new IngestException(
                    IngestException.Reason.BAD_DATA,
                    "the body is not an ExportMetricsServiceRequest in " + format.contentType() + ": " + e.getMessage()
                            + "; nothing was stored",
                    e);
        }
    }

    private static ExportMetricsServiceResponse answer(long refusedPoints, Refusals refusals) {
        ExportMetricsServiceResponse.Builder response = ExportMetricsServiceResponse.newBuilder();
        if (!refusals.isEmpty()) {
            response.setPartialSuccess(ExportMetricsPartialSuccess.newBuilder()
                    .setRejectedDataPoints(refusedPoints)
                    .setErrorMessage(refusals.describe()));
        }
        return response.build();
    }

    private static byte[] write(OtlpFormat format, ExportMetricsServiceResponse response) {
        try {
            return format.write(response);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a response without Any is JSON", e);
        }
    }
}
