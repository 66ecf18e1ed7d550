package io.weir.cluster;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.WorkerControlGrpc;
import io.weir.proto.control.v1.WorkerMessage;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** A man in the middle of a control stream: decodes every message, lets the test change, repeat or delay what the worker says. */
final class TestingControlProxy extends WorkerControlGrpc.WorkerControlImplBase implements AutoCloseable {
    private final ManagedChannel worker;
    private final Server server;
    private volatile BiConsumer<WorkerMessage, Consumer<WorkerMessage>> fromWorker =
            (message, forward) -> forward.accept(message);

    TestingControlProxy(int workerPort) throws IOException {
        worker = NettyChannelBuilder.forAddress("127.0.0.1", workerPort)
                .usePlaintext()
                .maxInboundMessageSize(64 << 20)
                .build();
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .maxInboundMessageSize(64 << 20)
                .addService(this)
                .build()
                .start();
    }

    int port() {
        return server.getPort();
    }

    /** What becomes of a message of the worker: it may be forwarded, changed, several times, later, or not at all. */
    void onWorkerMessage(BiConsumer<WorkerMessage, Consumer<WorkerMessage>> handler) {
        fromWorker = handler;
    }

    @Override
    public StreamObserver<ApiMessage> connect(StreamObserver<WorkerMessage> api) {
        // Late messages come from other threads than the transport's.
        Consumer<WorkerMessage> forward = message -> {
            synchronized (api) {
                api.onNext(message);
            }
        };
        return WorkerControlGrpc.newStub(worker).connect(new StreamObserver<>() {
            @Override
            public void onNext(WorkerMessage message) {
                fromWorker.accept(message, forward);
            }

            @Override
            public void onError(Throwable failure) {
                synchronized (api) {
                    api.onError(failure);
                }
            }

            @Override
            public void onCompleted() {
                synchronized (api) {
                    api.onCompleted();
                }
            }
        });
    }

    @Override
    public void close() {
        server.shutdownNow();
        worker.shutdownNow();
    }
}
