package io.weir.collector.server;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.opentelemetry.proto.collector.metrics.v1.MetricsServiceGrpc;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.Gauge;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import io.weir.proto.remote.v1.Label;
import io.weir.proto.remote.v1.Sample;
import io.weir.proto.remote.v1.TimeSeries;
import io.weir.proto.remote.v1.WriteRequest;
import io.weir.proto.sketch.v1.FetchReply;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.SketchSourceGrpc;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.xerial.snappy.Snappy;

/** Everything that talks to a collector: senders of OTLP and remote write, and one who fetches. */
final class TestingPeer implements AutoCloseable {
    private static final Metadata.Key<String> TENANT =
            Metadata.Key.of("x-scope-orgid", Metadata.ASCII_STRING_MARSHALLER);

    private final ManagedChannel channel;
    private final URI http;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    TestingPeer(CollectorServer collector) {
        channel = NettyChannelBuilder.forAddress("127.0.0.1", collector.grpcPort())
                .usePlaintext()
                // Fixed: by default it grows, and a peer that does not read takes whole answers into its buffers.
                .flowControlWindow(1 << 17)
                .build();
        http = URI.create("http://127.0.0.1:" + collector.httpPort());
    }

    ManagedChannel channel() {
        return channel;
    }

    /** A gauge of one service, a value each ms from a time on. */
    static ExportMetricsServiceRequest gauge(String metric, String service, long timeMillis, double... values) {
        Gauge.Builder gauge = Gauge.newBuilder();
        for (int i = 0; i < values.length; i++) {
            gauge.addDataPoints(NumberDataPoint.newBuilder()
                    .setTimeUnixNano(TimeUnit.MILLISECONDS.toNanos(timeMillis + i))
                    .setAsDouble(values[i])
                    .addAttributes(KeyValue.newBuilder()
                            .setKey("service")
                            .setValue(AnyValue.newBuilder().setStringValue(service))));
        }
        return ExportMetricsServiceRequest.newBuilder()
                .addResourceMetrics(ResourceMetrics.newBuilder()
                        .addScopeMetrics(ScopeMetrics.newBuilder()
                                .addMetrics(Metric.newBuilder().setName(metric).setGauge(gauge))))
                .build();
    }

    ExportMetricsServiceResponse export(String tenant, ExportMetricsServiceRequest request) {
        Metadata headers = new Metadata();
        headers.put(TENANT, tenant);
        return MetricsServiceGrpc.newBlockingStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                .withCompression("gzip")
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .export(request);
    }

    HttpResponse<String> exportOverHttp(ExportMetricsServiceRequest request) throws IOException, InterruptedException {
        return post("/v1/metrics", "application/x-protobuf", "", request.toByteArray());
    }

    HttpResponse<String> remoteWrite(String metric, String service, long timeMillis, double value)
            throws IOException, InterruptedException {
        return remoteWrite(series(metric, service)
                .addSamples(Sample.newBuilder().setTimestamp(timeMillis).setValue(value)));
    }

    static TimeSeries.Builder series(String metric, String service) {
        return TimeSeries.newBuilder()
                .addLabels(Label.newBuilder().setName("__name__").setValue(metric))
                .addLabels(Label.newBuilder().setName("service").setValue(service));
    }

    HttpResponse<String> remoteWrite(TimeSeries.Builder series) throws IOException, InterruptedException {
        WriteRequest request = WriteRequest.newBuilder().addTimeseries(series).build();
        return post("/api/v1/write", "application/x-protobuf", "snappy", Snappy.compress(request.toByteArray()));
    }

    HttpResponse<String> post(String path, String contentType, String contentEncoding, byte[] body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(http.resolve(path))
                .timeout(Duration.ofSeconds(20))
                .header("Content-Type", contentType)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        if (!contentEncoding.isEmpty()) {
            request.header("Content-Encoding", contentEncoding);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(http.resolve(path))
                        .timeout(Duration.ofSeconds(20))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** The replies of a fetch. */
    List<FetchReply> fetch(FetchRequest request) {
        List<FetchReply> replies = new ArrayList<>();
        SketchSourceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .fetch(request)
                .forEachRemaining(replies::add);
        return replies;
    }

    @Override
    public void close() throws InterruptedException {
        client.close();
        channel.shutdownNow();
        channel.awaitTermination(10, TimeUnit.SECONDS);
    }
}
