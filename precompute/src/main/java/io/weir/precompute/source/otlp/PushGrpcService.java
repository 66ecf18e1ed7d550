package io.weir.precompute.source.otlp;

import com.google.common.io.ByteStreams;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.weir.precompute.source.otlp.PushReceiver.RequestException;
import io.weir.precompute.source.otlp.PushReceiver.Sender;
import io.weir.proto.push.v1.ExportResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;

/** OTLP's metrics service over gRPC: {@code opentelemetry.proto.collector.metrics.v1.MetricsService/Export}. */
final class PushGrpcService {
    static final String SERVICE = "opentelemetry.proto.collector.metrics.v1.MetricsService";
    /** The request stays bytes until its turn has come: parsing takes a multiple of them. */
    static final MethodDescriptor<Body, ExportResponse> EXPORT = MethodDescriptor.<Body, ExportResponse>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, "Export"))
            .setRequestMarshaller(new Bodies())
            .setResponseMarshaller(ProtoUtils.marshaller(ExportResponse.getDefaultInstance()))
            .build();

    private static final Metadata.Key<String> TENANT =
            Metadata.Key.of(PushReceiver.TENANT_HEADER, Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> NAME =
            Metadata.Key.of(PushReceiver.SENDER_HEADER, Metadata.ASCII_STRING_MARSHALLER);
    private static final Context.Key<Sender> SENDER = Context.key("weir-push-sender");

    private final PushReceiver receiver;

    private PushGrpcService(PushReceiver receiver) {
        this.receiver = receiver;
    }

    /**
     * What came.
     *
     * @param refused why it could not be read whole: it grew beyond the limit when it was unpacked
     */
    @SuppressWarnings("ArrayRecordComponent") // a carrier to the handler, never compared
    record Body(byte[] bytes, Optional<Status> refused) {}

    private static final class Bodies implements MethodDescriptor.Marshaller<Body> {
        @Override
        public InputStream stream(Body value) {
            return new ByteArrayInputStream(value.bytes);
        }

        @Override
        public Body parse(InputStream stream) {
            try {
                return new Body(ByteStreams.toByteArray(stream), Optional.empty());
            } catch (StatusRuntimeException e) {
                // Thrown here, it would reach the sender as UNKNOWN.
                return new Body(new byte[0], Optional.of(e.getStatus()));
            } catch (IOException e) {
                return new Body(
                        new byte[0],
                        Optional.of(Status.INVALID_ARGUMENT.withDescription(
                                "the message could not be unpacked: " + e.getMessage())));
            }
        }
    }

    static ServerServiceDefinition definition(PushReceiver receiver) {
        PushGrpcService service = new PushGrpcService(receiver);
        return ServerInterceptors.intercept(
                ServerServiceDefinition.builder(SERVICE)
                        .addMethod(EXPORT, ServerCalls.asyncUnaryCall(service::export))
                        .build(),
                new SenderInterceptor());
    }

    /** Who calls, from the headers and the connection. */
    private static final class SenderInterceptor implements ServerInterceptor {
        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            SocketAddress remote = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
            String address = remote instanceof InetSocketAddress internet && internet.getAddress() != null
                    ? internet.getAddress().getHostAddress()
                    : "";
            Sender sender = new Sender(headers.get(TENANT), headers.get(NAME), address);
            return Contexts.interceptCall(Context.current().withValue(SENDER, sender), call, headers, next);
        }
    }

    private void export(Body request, StreamObserver<ExportResponse> out) {
        if (request.refused.isPresent()) {
            out.onError(request.refused.get().asRuntimeException());
            return;
        }
        try {
            out.onNext(receiver.inTurn(() -> receiver.receive(SENDER.get(), request.bytes)));
            out.onCompleted();
        } catch (RequestException e) {
            out.onError(status(e).withDescription(e.text()).asRuntimeException());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            out.onError(
                    Status.UNAVAILABLE.withDescription("the receiver is ending").asRuntimeException());
        }
    }

    private static Status status(RequestException e) {
        return switch (e.failure()) {
            case BAD_REQUEST, CONTRACT -> Status.INVALID_ARGUMENT;
            case OVERLOADED -> Status.UNAVAILABLE;
        };
    }
}
