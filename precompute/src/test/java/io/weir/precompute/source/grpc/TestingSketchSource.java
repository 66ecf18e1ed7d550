package io.weir.precompute.source.grpc;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.weir.proto.sketch.v1.FetchReply;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.Label;
import io.weir.proto.sketch.v1.SketchPoint;
import io.weir.proto.sketch.v1.SketchSourceGrpc;
import io.weir.proto.sketch.v1.Summary;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.Sketch;
import io.weir.sketch.codec.WireSketch;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;

/** A service of sketches on a real port, which answers as a test wants. */
final class TestingSketchSource implements AutoCloseable {
    private final Server server;
    final List<FetchRequest> requests = new CopyOnWriteArrayList<>();

    TestingSketchSource(BiConsumer<FetchRequest, StreamObserver<FetchReply>> answer) throws IOException {
        this(0, answer);
    }

    TestingSketchSource(int port, BiConsumer<FetchRequest, StreamObserver<FetchReply>> answer) throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port))
                .addService(new SketchSourceGrpc.SketchSourceImplBase() {
                    @Override
                    public void fetch(FetchRequest request, StreamObserver<FetchReply> out) {
                        requests.add(request);
                        answer.accept(request, out);
                    }
                })
                .build()
                .start();
    }

    /** A server without the service. */
    TestingSketchSource() throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .build()
                .start();
    }

    int port() {
        return server.getPort();
    }

    static FetchReply point(Sketch sketch, Map<String, String> labels) {
        try {
            SketchPoint.Builder point = SketchPoint.newBuilder().setSketch(WireSketch.encode(SampledSketch.of(sketch)));
            labels.forEach((name, value) ->
                    point.addLabels(Label.newBuilder().setName(name).setValue(value)));
            return FetchReply.newBuilder().setPoint(point).build();
        } catch (io.weir.sketch.codec.SketchFormatException e) {
            throw new IllegalStateException(e);
        }
    }

    static FetchReply summary(long points, long fromMillis, long toMillis) {
        return FetchReply.newBuilder()
                .setSummary(Summary.newBuilder()
                        .setPoints(points)
                        .setCoveredFromMillis(fromMillis)
                        .setCoveredToMillis(toMillis))
                .build();
    }

    static BiConsumer<FetchRequest, StreamObserver<FetchReply>> replies(FetchReply... replies) {
        return (request, out) -> {
            List.of(replies).forEach(out::onNext);
            out.onCompleted();
        };
    }

    static BiConsumer<FetchRequest, StreamObserver<FetchReply>> error(Status status) {
        return (request, out) -> out.onError(status.asRuntimeException());
    }

    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
