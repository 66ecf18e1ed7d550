package io.weir.precompute.source.otlp;

import static io.weir.precompute.source.otlp.Pushes.attribute;
import static io.weir.precompute.source.otlp.Pushes.point;
import static io.weir.precompute.source.otlp.Pushes.quantiles;
import static io.weir.precompute.source.otlp.Pushes.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.source.AllowedHosts;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceAddress;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.TestingJobs;
import io.weir.precompute.source.grpc.SketchServiceSettings;
import io.weir.precompute.source.grpc.SketchServiceSource;
import io.weir.precompute.source.net.PinnedAddresses;
import io.weir.precompute.source.pushed.PushedSettings;
import io.weir.precompute.source.pushed.PushedSketches;
import io.weir.promql.labels.Labels;
import io.weir.proto.push.v1.CountMin;
import io.weir.proto.push.v1.CountMinPoint;
import io.weir.proto.push.v1.DdSketchPoint;
import io.weir.proto.push.v1.ExportRequest;
import io.weir.proto.push.v1.ExportResponse;
import io.weir.proto.push.v1.Hll;
import io.weir.proto.push.v1.HllPoint;
import io.weir.proto.push.v1.KeyValue;
import io.weir.proto.push.v1.Metric;
import io.weir.proto.push.v1.NumberPoint;
import io.weir.proto.push.v1.Numbers;
import io.weir.proto.push.v1.Opaque;
import io.weir.proto.push.v1.Temporality;
import io.weir.proto.push.v1.Value;
import io.weir.sketch.DdSketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.Sketch;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OtlpReceiverTest {
    /** A tick. */
    private static final long TO = 1_800_000_000_000L;

    private static final long WINDOW = 60_000;
    private static final long FROM = TO - WINDOW;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final PinnedAddresses addresses = new PinnedAddresses(AllowedHosts.parse("127.0.0.1,localhost"), 2);
    private long began = FROM - 600_000;
    private long now = began;
    private PushedSketches store = store(PushedSettings.DEFAULT);
    private OtlpReceiver receiver = start(ReceiverSettings.DEFAULT.requestBytesMax());
    private ManagedChannel channel = channel();

    private PushedSketches store(PushedSettings settings) {
        now = began;
        PushedSketches made = new PushedSketches(settings, () -> Instant.ofEpochMilli(now));
        now = TO + 1_000;
        return made;
    }

    private OtlpReceiver start(int requestBytesMax) {
        return OtlpReceiver.start(Pushes.settings(requestBytesMax, 2, 500), store, registry);
    }

    private ManagedChannel channel() {
        return NettyChannelBuilder.forAddress("127.0.0.1", receiver.grpcPort())
                .usePlaintext()
                .build();
    }

    private void restart(PushedSettings settings, int requestBytesMax) {
        channel.shutdownNow();
        receiver.close();
        store = store(settings);
        receiver = start(requestBytesMax);
        channel = channel();
    }

    @BeforeEach
    void clock() {
        now = TO + 1_000;
    }

    @AfterEach
    void close() {
        channel.shutdownNow();
        receiver.close();
        addresses.close();
    }

    private static DdSketch uniform(int from, int to) {
        DdSketch sketch = SampleSketches.quantiles(0.01);
        for (int i = from; i <= to; i++) {
            sketch.add(i);
        }
        return sketch;
    }

    private static ExportResponse push(Channel channel, byte[] request) {
        return ClientCalls.blockingUnaryCall(
                channel,
                PushGrpcService.EXPORT,
                CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS).withCompression("gzip"),
                new PushGrpcService.Body(request, Optional.empty()));
    }

    private ExportResponse push(ExportRequest request) {
        return push(channel, request.toByteArray());
    }

    private static Channel named(Channel channel, String header, String value) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of(header, Metadata.ASCII_STRING_MARSHALLER), value);
        return ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    private HttpResponse<byte[]> post(byte[] body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + receiver.httpPort() + "/v1/metrics"))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        }
    }

    /** As a job whose source is {@code host:port} asks. */
    private SketchBatch fetch(SketchFunction function, String selector, String host, int port) throws Exception {
        JobQuery.OfSketch query = TestingJobs.sketch(function, selector, WINDOW);
        Job job = TestingJobs.job("default", query, 60_000, new SourceAddress.Sketches(host + ":" + port, host, port));
        try (SketchServiceSource source =
                new SketchServiceSource(SketchServiceSettings.DEFAULT, addresses, Optional.of(store))) {
            return source.sketches(job, query, TO, System.nanoTime() + TimeUnit.SECONDS.toNanos(10));
        }
    }

    private SketchBatch fetch(String selector) throws Exception {
        return fetch(new SketchFunction.Quantile(0.99), selector, "127.0.0.1", receiver.grpcPort());
    }

    @Test
    void everyFormatGivesTheSameAnswerOverGrpcAndHttp() throws Exception {
        DdSketch sketch = uniform(1, 1_000);
        Map<String, byte[]> formats = new LinkedHashMap<>();
        formats.put("envelope", Pushes.envelope(sketch));
        formats.put("bare", Pushes.bareState(sketch));
        formats.put("sketchpb", Pushes.sketchpb(sketch));
        formats.put("msgpack", Pushes.msgpack(sketch));
        formats.put("asap", Pushes.asap(sketch, 500_500, 1, 1_000));
        for (Map.Entry<String, byte[]> format : formats.entrySet()) {
            DdSketchPoint one = point(FROM, TO, format.getValue())
                    .addAttributes(attribute("host.name", "a"))
                    .build();
            assertThat(push(request(quantiles("grpc_" + format.getKey(), one))).hasPartialSuccess())
                    .isFalse();
            HttpResponse<byte[]> http = post(
                    request(quantiles("http_" + format.getKey(), one)).toByteArray(),
                    "Content-Type",
                    "application/x-protobuf");
            assertThat(http.statusCode()).isEqualTo(200);
            for (String protocol : List.of("grpc_", "http_")) {
                SketchBatch batch = fetch(protocol + format.getKey());
                assertThat(batch.coverage()).as(format.getKey()).isEqualTo(1);
                assertThat(batch.points()).hasSize(1);
                SketchPoint point = batch.points().getFirst();
                assertThat(point.labels()).isEqualTo(Labels.of("host_name", "a"));
                assertThat(((DdSketch) point.sketch().sketch()).sameContents(sketch))
                        .isTrue();
            }
        }
    }

    @Test
    void distinctCountsAndFrequenciesArePushedTooAndMergeOverTheWindow() throws Exception {
        HyperLogLog first = SampleSketches.distinct(14);
        HyperLogLog second = SampleSketches.distinct(14);
        Sketch frequencies = SampleSketches.frequencies(50);
        for (int i = 0; i < 1_000; i++) {
            SampleSketches.record(first, i);
            SampleSketches.record(second, i + 500);
            SampleSketches.record(frequencies, i % 10 == 0 ? i : 7);
        }
        Hll.Builder distinct = Hll.newBuilder().setAggregationTemporality(Temporality.DELTA);
        long middle = FROM + WINDOW / 2;
        distinct.addDataPoints(hll(FROM, middle, first)).addDataPoints(hll(middle, TO, second));
        CountMin counts = CountMin.newBuilder()
                .addDataPoints(CountMinPoint.newBuilder()
                        .setStartTimeUnixNano(FROM * 1_000_000)
                        .setTimeUnixNano(TO * 1_000_000)
                        .setEncoding(PushPoint.WHOLE)
                        .setSketch(ByteString.copyFrom(Pushes.envelope(frequencies))))
                .build();
        ExportResponse response = push(request(
                Metric.newBuilder().setName("users").setHll(distinct).build(),
                Metric.newBuilder().setName("paths").setCountMin(counts).build()));
        assertThat(response.hasPartialSuccess()).isFalse();

        SketchBatch users = fetch(new SketchFunction.CountDistinct(), "users", "127.0.0.1", receiver.grpcPort());
        assertThat(users.coverage()).isEqualTo(1);
        assertThat(users.points().getFirst().sketch().distinct()).isBetween(1_450.0, 1_550.0);
        SketchBatch paths = fetch(new SketchFunction.Top(1), "paths", "127.0.0.1", receiver.grpcPort());
        assertThat(paths.points().getFirst().sketch().top(1).getFirst().key().text())
                .isEqualTo("7");
    }

    private static HllPoint hll(long from, long to, HyperLogLog sketch) {
        return HllPoint.newBuilder()
                .setStartTimeUnixNano(from * 1_000_000)
                .setTimeUnixNano(to * 1_000_000)
                .setEncoding(PushPoint.WHOLE)
                .setSketch(ByteString.copyFrom(Pushes.envelope(sketch)))
                .build();
    }

    @Test
    void aPlainPointWithASketchInAnAttributeIsOne() throws Exception {
        NumberPoint number = NumberPoint.newBuilder()
                .setStartTimeUnixNano(FROM * 1_000_000)
                .setTimeUnixNano(TO * 1_000_000)
                .addAttributes(attribute("zone", "x"))
                .addAttributes(attribute("cms.rows", "5"))
                .addAttributes(KeyValue.newBuilder()
                        .setKey("cms.sketch_payload")
                        .setValue(Value.newBuilder().setBytesValue(ByteString.copyFrom(Pushes.envelope(frequent())))))
                .build();
        ExportResponse response = push(request(Metric.newBuilder()
                .setName("clicks")
                .setSum(Numbers.newBuilder().addDataPoints(number))
                .build()));
        assertThat(response.hasPartialSuccess()).isFalse();
        SketchBatch batch = fetch(new SketchFunction.Top(3), "clicks", "127.0.0.1", receiver.grpcPort());
        assertThat(batch.points().getFirst().labels()).isEqualTo(Labels.of("zone", "x"));
    }

    private static Sketch frequent() {
        Sketch sketch = SampleSketches.frequencies(10);
        SampleSketches.record(sketch, 1);
        return sketch;
    }

    @Test
    void aGapInTheChangesIsNoAnswerUntilACheckpointCovers() throws Exception {
        DdSketchPoint base =
                point(FROM, FROM + 10_000, Pushes.envelope(uniform(1, 100))).build();
        DdSketchPoint joined = point(FROM + 10_000, FROM + 20_000, Pushes.change(uniform(101, 200)))
                .setEncoding(PushPoint.CHANGE)
                .build();
        DdSketchPoint afterGap = point(FROM + 30_000, TO, Pushes.change(uniform(301, 400)))
                .setEncoding(PushPoint.CHANGE)
                .build();
        assertThat(push(request(quantiles("latency", base, joined))).hasPartialSuccess())
                .isFalse();

        ExportResponse response = push(request(quantiles("latency", afterGap)));

        assertThat(response.getPartialSuccess().getRejectedDataPoints()).isEqualTo(1);
        assertThat(response.getPartialSuccess().getErrorMessage()).contains("send the whole sketch");
        assertThatThrownBy(() -> fetch("latency"))
                .isInstanceOf(SourceException.class)
                .hasMessageContaining("checkpoint is awaited");
        assertThat(count("awaiting_checkpoint")).isEqualTo(1);

        push(request(quantiles(
                "latency", point(FROM, TO, Pushes.envelope(uniform(1, 400))).build())));
        SketchBatch batch = fetch("latency");
        assertThat(batch.coverage()).isEqualTo(1);
        assertThat(batch.points().getFirst().sketch().count()).isEqualTo(400);
    }

    private double count(String outcome) {
        return registry.get("weir.precompute.pushed.points")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    @Test
    void whatIsSentTwiceCountsOnce() throws Exception {
        ExportRequest once = request(quantiles(
                "latency", point(FROM, TO, Pushes.envelope(uniform(1, 100))).build()));
        push(once);
        assertThat(push(once).hasPartialSuccess()).isFalse();
        assertThat(fetch("latency").points().getFirst().sketch().count()).isEqualTo(100);
        assertThat(count("duplicate")).isEqualTo(1);
    }

    @Test
    void plainMetricsAreRefusedWithAHintAndTheRestIsTaken() throws Exception {
        ExportResponse response = push(request(
                Metric.newBuilder()
                        .setName("up")
                        .setGauge(Numbers.newBuilder()
                                .addDataPoints(NumberPoint.getDefaultInstance())
                                .addDataPoints(NumberPoint.getDefaultInstance()))
                        .build(),
                Metric.newBuilder()
                        .setName("sizes")
                        .setHistogram(Opaque.newBuilder().addDataPoints(ByteString.copyFromUtf8("x")))
                        .build(),
                quantiles(
                        "latency",
                        point(FROM, TO, Pushes.envelope(uniform(1, 10))).build())));
        assertThat(response.getPartialSuccess().getRejectedDataPoints()).isEqualTo(3);
        assertThat(response.getPartialSuccess().getErrorMessage()).contains("up", "/api/v1/otlp/v1/metrics");
        assertThat(fetch("latency").points()).hasSize(1);
        // A request of plain metrics only keeps the contract of OTLP: it is answered, not failed.
        HttpResponse<byte[]> plain = post(
                request(Metric.newBuilder()
                                .setName("up")
                                .setGauge(Numbers.newBuilder().addDataPoints(NumberPoint.getDefaultInstance()))
                                .build())
                        .toByteArray(),
                "Content-Type",
                "application/x-protobuf");
        assertThat(plain.statusCode()).isEqualTo(200);
    }

    @Test
    void numbersOfSeriesAreAnsweredAsUnknown() {
        ExportResponse response = push(request(quantiles(
                "latency",
                point(FROM, TO, Pushes.envelope(uniform(1, 10))).setSeriesId(77).build(),
                point(FROM, TO, Pushes.envelope(uniform(1, 10)))
                        .addAttributes(attribute("a", "b"))
                        .build())));
        assertThat(response.getUnknownSeriesIdsList()).containsExactly(77L);
        assertThat(response.getPartialSuccess().getRejectedDataPoints()).isEqualTo(1);
    }

    @Test
    void whatBreaksTheContractIs422AndInvalidArgument() throws Exception {
        byte[] good = Pushes.envelope(uniform(1, 10));
        byte[] cut = java.util.Arrays.copyOf(good, good.length - 3);
        byte[] newer = good.clone();
        newer[1] = 9;
        Map<String, DdSketchPoint> bad = Map.of(
                "start_time_unix_nano",
                point(0, TO, good).build(),
                "later by a millisecond",
                point(TO, TO, good).build(),
                "encoding 7",
                point(FROM, TO, good).setEncoding(7).build(),
                "both attributes and series_id",
                point(FROM, TO, good)
                        .setSeriesId(1)
                        .addAttributes(attribute("a", "b"))
                        .build(),
                "become the label a_b",
                point(FROM, TO, good)
                        .addAttributes(attribute("a.b", "1"))
                        .addAttributes(attribute("a_b", "2"))
                        .build(),
                "no sketch",
                point(FROM, TO, cut).build(),
                "version",
                point(FROM, TO, newer).build(),
                "HYPERLOGLOG",
                point(FROM, TO, Pushes.envelope(SampleSketches.distinct(12))).build());
        for (Map.Entry<String, DdSketchPoint> one : bad.entrySet()) {
            byte[] body = request(quantiles("latency", one.getValue())).toByteArray();
            HttpResponse<byte[]> response = post(body, "Content-Type", "application/x-protobuf");
            assertThat(response.statusCode()).as(one.getKey()).isEqualTo(422);
            assertThat(com.google.rpc.Status.parseFrom(response.body()).getMessage())
                    .contains(one.getKey());
            assertThatThrownBy(() -> push(channel, body))
                    .isInstanceOfSatisfying(
                            StatusRuntimeException.class,
                            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT));
        }
        Metric cumulative = Metric.newBuilder()
                .setName("latency")
                .setDdsketch(io.weir.proto.push.v1.DdSketch.newBuilder()
                        .setAggregationTemporality(Temporality.CUMULATIVE)
                        .addDataPoints(
                                point(FROM, TO, Pushes.change(uniform(1, 2))).setEncoding(PushPoint.CHANGE)))
                .build();
        assertThat(post(request(cumulative).toByteArray(), "Content-Type", "application/x-protobuf")
                        .statusCode())
                .isEqualTo(422);
        Metric kll = Metric.newBuilder()
                .setName("latency")
                .setGauge(Numbers.newBuilder()
                        .addDataPoints(NumberPoint.newBuilder().addAttributes(attribute("kll.sketch_payload", "x"))))
                .build();
        HttpResponse<byte[]> unsupported = post(request(kll).toByteArray(), "Content-Type", "application/x-protobuf");
        assertThat(unsupported.statusCode()).isEqualTo(422);
        assertThat(com.google.rpc.Status.parseFrom(unsupported.body()).getMessage())
                .contains("not supported");
        assertThat(store.streams()).isZero();
    }

    private static byte[] gzip(byte[] content) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(content);
        }
        return out.toByteArray();
    }

    @Test
    void theStatusesOfHttpAreThoseOfOtlp() throws Exception {
        restart(PushedSettings.DEFAULT, 10_000);
        String type = "Content-Type";
        String protobuf = "application/x-protobuf";
        byte[] good = request(quantiles(
                        "latency",
                        point(FROM, TO, Pushes.envelope(uniform(1, 10))).build()))
                .toByteArray();
        assertThat(post(gzip(good), type, protobuf, "Content-Encoding", "gzip").statusCode())
                .isEqualTo(200);
        assertThat(post(good, type, "application/json").statusCode()).isEqualTo(415);
        assertThat(post(good).statusCode()).isEqualTo(415);
        assertThat(post(good, type, protobuf, "Content-Encoding", "br").statusCode())
                .isEqualTo(415);
        assertThat(post(new byte[] {1, 2, 3}, type, protobuf).statusCode()).isEqualTo(400);
        assertThat(post(good, type, protobuf, "Content-Encoding", "gzip").statusCode())
                .isEqualTo(400);
        assertThat(post(good, type, protobuf, PushReceiver.TENANT_HEADER, "a/b").statusCode())
                .isEqualTo(400);
        assertThat(post(new byte[10_001], type, protobuf).statusCode()).isEqualTo(413);
        assertThat(post(gzip(new byte[1 << 20]), type, protobuf, "Content-Encoding", "gzip")
                        .statusCode())
                .isEqualTo(413);
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> get = client.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + receiver.httpPort() + "/v1/metrics"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(get.statusCode()).isEqualTo(405);
        }
        assertThatThrownBy(() -> push(channel, new byte[20_000]))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
        assertThatThrownBy(() -> push(channel, new byte[] {1, 2, 3}))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT));
    }

    @Test
    void aFullStoreRefusesWhatIsNewAndKeepsWhatItHas() throws Exception {
        restart(new PushedSettings(7_200_000, 60_000, 60_000, 1, 8, 1L << 30), 1 << 20);
        ExportRequest first = request(quantiles(
                "latency", point(FROM, TO, Pushes.envelope(uniform(1, 10))).build()));
        ExportRequest second = request(quantiles(
                "other", point(FROM, TO, Pushes.envelope(uniform(1, 10))).build()));
        assertThat(push(first).hasPartialSuccess()).isFalse();
        assertThat(push(second).getPartialSuccess().getErrorMessage()).contains("streams-max=1");
        assertThat(fetch("latency").points()).hasSize(1);

        restart(new PushedSettings(7_200_000, 60_000, 60_000, 10, 8, 1), 1 << 20);
        assertThat(push(first).hasPartialSuccess()).isFalse();
        assertThat(push(second).getPartialSuccess().getErrorMessage()).contains("bytes-max=1");
        // When what is kept is old, there is room again.
        now = TO + 7_300_000;
        ExportRequest later = request(quantiles(
                "other",
                point(now - 60_000, now, Pushes.envelope(uniform(1, 10))).build()));
        assertThat(push(later).hasPartialSuccess()).isFalse();
        assertThat(store.streams()).isEqualTo(1);
    }

    @Test
    void whatIsTooOldOrOfTheFutureIsRefused() {
        byte[] sketch = Pushes.envelope(uniform(1, 10));
        ExportResponse response = push(request(quantiles(
                "latency",
                point(now - 8_000_000, now - 7_900_000, sketch).build(),
                point(now, now + 120_000, sketch).build())));
        assertThat(response.getPartialSuccess().getRejectedDataPoints()).isEqualTo(2);
        assertThat(response.getPartialSuccess().getErrorMessage()).contains("kept-millis", "ahead-millis-max");
    }

    @Test
    void aSourceWithoutTheServiceIsAnsweredFromWhatItPushed() throws Exception {
        Server silent = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .build()
                .start();
        int port = silent.getPort();
        try {
            byte[] mine = request(quantiles(
                            "latency",
                            point(FROM, TO, Pushes.envelope(uniform(1, 10))).build()))
                    .toByteArray();
            byte[] others = request(quantiles(
                            "latency",
                            point(FROM, TO, Pushes.envelope(uniform(1, 500))).build()))
                    .toByteArray();
            push(named(channel, PushReceiver.SENDER_HEADER, "localhost"), mine);
            push(named(channel, PushReceiver.SENDER_HEADER, "somebody-else"), others);

            SketchBatch batch = fetch(new SketchFunction.Quantile(0.5), "latency", "localhost", port);
            assertThat(batch.points().getFirst().sketch().count()).isEqualTo(10);
        } finally {
            silent.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        }
        // It is down now; what it pushed is still there.
        SketchBatch batch = fetch(new SketchFunction.Quantile(0.5), "latency", "localhost", port);
        assertThat(batch.points().getFirst().sketch().count()).isEqualTo(10);
        assertThatThrownBy(() -> fetch(new SketchFunction.Quantile(0.5), "latency", "127.0.0.1", 1))
                .isInstanceOfSatisfying(
                        SourceException.class, e -> assertThat(e.why()).isEqualTo(SourceException.Cause.UNREACHABLE));
    }

    @Test
    void tenantsAreApart() throws Exception {
        byte[] body = request(quantiles(
                        "latency",
                        point(FROM, TO, Pushes.envelope(uniform(1, 10))).build()))
                .toByteArray();
        push(named(channel, PushReceiver.TENANT_HEADER, "other"), body);
        assertThatThrownBy(() -> fetch("latency"))
                .isInstanceOf(SourceException.class)
                .hasMessageContaining("nothing was pushed");
    }

    @Test
    void matchersChooseLabelSets() throws Exception {
        byte[] sketch = Pushes.envelope(uniform(1, 10));
        push(request(quantiles(
                "latency",
                point(FROM, TO, sketch).addAttributes(attribute("pod", "a")).build(),
                point(FROM, TO, sketch).addAttributes(attribute("pod", "b")).build())));
        assertThat(fetch("latency").points()).hasSize(2);
        assertThat(fetch("latency{pod=~\"b|c\"}").points().stream().map(SketchPoint::labels))
                .containsExactly(Labels.of("pod", "b"));
    }

    @Test
    void moreRequestsThanAreWorkedOnWaitAndThenAreToldToComeAgain() throws Exception {
        PushReceiver limited = new PushReceiver(Pushes.settings(1_000, 1, 50), store, new SimpleMeterRegistry());
        CountDownLatch working = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        Thread first = Thread.ofVirtual().start(() -> {
            try {
                limited.inTurn(() -> {
                    working.countDown();
                    return end.await(10, TimeUnit.SECONDS);
                });
            } catch (PushReceiver.RequestException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(working.await(10, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> limited.inTurn(() -> true))
                .isInstanceOfSatisfying(
                        PushReceiver.RequestException.class,
                        e -> assertThat(e.failure()).isEqualTo(PushReceiver.Failure.OVERLOADED));
        end.countDown();
        first.join();
        assertThat(limited.inTurn(() -> true)).isTrue();
    }
}
