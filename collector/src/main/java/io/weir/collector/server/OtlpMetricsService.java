package io.weir.collector.server;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.opentelemetry.proto.collector.metrics.v1.MetricsServiceGrpc;
import io.weir.ingest.error.IngestException;
import io.weir.ingest.http.RequestMetrics;
import io.weir.ingest.otlp.OtlpReceiver;
import io.weir.ingest.remotewrite.Tenants;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** OTLP over gRPC. Calls must run on threads that may wait. */
final class OtlpMetricsService extends MetricsServiceGrpc.MetricsServiceImplBase {
    private static final Logger LOG = LoggerFactory.getLogger(OtlpMetricsService.class);

    private final OtlpReceiver receiver;
    private final RequestMetrics metrics;

    OtlpMetricsService(OtlpReceiver receiver, RequestMetrics metrics) {
        this.receiver = receiver;
        this.metrics = metrics;
    }

    @Override
    public void export(ExportMetricsServiceRequest request, StreamObserver<ExportMetricsServiceResponse> responses) {
        try {
            OtlpReceiver.Stored stored = receiver.receive(Tenants.of(TenantInterceptor.current()), request);
            metrics.droppedExemplars(stored.exemplars());
            metrics.rejected(stored.refusals());
            responses.onNext(stored.response());
            responses.onCompleted();
        } catch (IngestException e) {
            metrics.rejected(e.reason());
            responses.onError(status(e.reason()).withDescription(e.getMessage()).asRuntimeException());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            responses.onError(Status.UNAVAILABLE
                    .withDescription("this collector is shutting down; send again")
                    .asRuntimeException());
        } catch (RuntimeException e) {
            LOG.error("an export over gRPC failed", e);
            responses.onError(Status.INTERNAL
                    .withDescription("internal error; the collector's log has the details")
                    .asRuntimeException());
        }
    }

    /** OTLP sends UNAVAILABLE again, and INVALID_ARGUMENT not. */
    private static Status status(IngestException.Reason reason) {
        return switch (reason) {
            case BAD_DATA, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE -> Status.INVALID_ARGUMENT;
            case TOO_MANY -> Status.RESOURCE_EXHAUSTED;
            case OVERLOADED, UNAVAILABLE -> Status.UNAVAILABLE;
        };
    }
}
