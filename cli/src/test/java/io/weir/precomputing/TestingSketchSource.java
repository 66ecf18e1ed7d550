package io.weir.precomputing;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.weir.proto.sketch.v1.FetchReply;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.Label;
import io.weir.proto.sketch.v1.SketchPoint;
import io.weir.proto.sketch.v1.SketchSourceGrpc;
import io.weir.proto.sketch.v1.Summary;
import io.weir.sketch.DdSketch;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.codec.SketchFormatException;
import io.weir.sketch.codec.WireSketch;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A source of sketches that remembers who asked for what: of any metric it has one point, the values 1 to 1,000 of service web. */
final class TestingSketchSource implements AutoCloseable {
    private final List<Fetch> fetches = new CopyOnWriteArrayList<>();
    private final Server server;

    /** One fetch. @param atNanos when it came */
    record Fetch(String metric, long toMillis, long atNanos) {}

    TestingSketchSource() throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .addService(new SketchSourceGrpc.SketchSourceImplBase() {
                    @Override
                    public void fetch(FetchRequest request, StreamObserver<FetchReply> replies) {
                        fetches.add(new Fetch(request.getMetric(), request.getToMillis(), System.nanoTime()));
                        answer(request, replies);
                    }
                })
                .build()
                .start();
    }

    private static void answer(FetchRequest request, StreamObserver<FetchReply> replies) {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        for (int value = 1; value <= 1_000; value++) {
            sketch.add(value);
        }
        try {
            replies.onNext(FetchReply.newBuilder()
                    .setPoint(SketchPoint.newBuilder()
                            .addLabels(Label.newBuilder().setName("service").setValue("web"))
                            .setSketch(WireSketch.encode(SampledSketch.of(sketch))))
                    .build());
        } catch (SketchFormatException e) {
            replies.onError(e);
            return;
        }
        replies.onNext(FetchReply.newBuilder()
                .setSummary(Summary.newBuilder()
                        .setPoints(1)
                        .setCoveredFromMillis(request.getFromMillis())
                        .setCoveredToMillis(request.getToMillis()))
                .build());
        replies.onCompleted();
    }

    /** As a job names it. */
    String address() {
        return "127.0.0.1:" + server.getPort();
    }

    List<Fetch> fetches(String metric) {
        return fetches.stream().filter(fetch -> fetch.metric().equals(metric)).toList();
    }

    @Override
    public void close() throws InterruptedException {
        server.shutdownNow();
        boolean ignored = server.awaitTermination(10, TimeUnit.SECONDS);
    }
}
