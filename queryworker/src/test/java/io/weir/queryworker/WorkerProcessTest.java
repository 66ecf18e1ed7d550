package io.weir.queryworker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.lake.Shards;
import io.weir.lake.artifact.ArtifactCursor;
import io.weir.lake.artifact.ParquetArtifactCursor;
import io.weir.promql.labels.Labels;
import io.weir.proto.control.v1.ApiHello;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.ArtifactAck;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.WorkReady;
import io.weir.proto.control.v1.WorkerControlGrpc;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.leaf.v1.ExpressionLeaf;
import io.weir.proto.leaf.v1.Grid;
import io.weir.proto.leaf.v1.Segment;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.queryworker.cache.TestingObjectStore;
import io.weir.queryworker.control.ControlSettings;
import io.weir.queryworker.exec.TestingLake;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole worker, spoken to as an API process does: gRPC stream and HTTP. */
final class WorkerProcessTest {
    private static final long DAY = 19_000L * 86_400_000;
    private static final int WAIT_SECONDS = 20;

    @TempDir
    Path folder;

    private final TestingObjectStore store = new TestingObjectStore();

    private WorkerProcess start(MeterRegistry registry) throws IOException {
        return WorkerProcess.start(WorkerSettings.of(folder.resolve("data"), 2, 1L << 30), store, registry);
    }

    private static PrometheusMeterRegistry registry() {
        return new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    }

    /** The API's end of a control stream. */
    private static final class TestingApi implements StreamObserver<WorkerMessage>, AutoCloseable {
        private final LinkedBlockingQueue<WorkerMessage> received = new LinkedBlockingQueue<>();
        private final ManagedChannel channel;
        private final StreamObserver<ApiMessage> stream;

        TestingApi(int port) {
            channel = NettyChannelBuilder.forAddress("127.0.0.1", port)
                    .usePlaintext()
                    .build();
            stream = WorkerControlGrpc.newStub(channel).connect(this);
            stream.onNext(ApiMessage.newBuilder()
                    .setHello(ApiHello.newBuilder()
                            .setProtocolVersion(ControlSettings.PROTOCOL_VERSION)
                            .setApiId("api-1")
                            .setSession(1)
                            .setHeartbeatIntervalMillis(60_000))
                    .build());
        }

        @Override
        public void onNext(WorkerMessage message) {
            received.add(message);
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {}

        WorkerMessage await(Predicate<WorkerMessage> wanted) throws InterruptedException {
            while (true) {
                WorkerMessage message = received.poll(WAIT_SECONDS, TimeUnit.SECONDS);
                assertThat(message).as("message within " + WAIT_SECONDS + " s").isNotNull();
                if (wanted.test(java.util.Objects.requireNonNull(message))) {
                    return message;
                }
            }
        }

        void send(ApiMessage.Builder message) {
            stream.onNext(message.build());
        }

        @Override
        public void close() {
            channel.shutdownNow();
        }
    }

    private static WorkSpec spec(Segment segment) {
        Grid grid = Grid.newBuilder()
                .setStartMillis(DAY)
                .setEndMillis(DAY + 600_000)
                .setStepMillis(60_000)
                .build();
        return WorkSpec.newBuilder()
                .setTenant("tenant")
                .setShardTo(Shards.COUNT)
                .addSegments(segment)
                .setExpression(ExpressionLeaf.newBuilder()
                        .setQuery("up")
                        .setQueryGrid(grid)
                        .setLeafGrid(grid)
                        .setLookbackMillis(300_000))
                .build();
    }

    private static String get(String url) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    void executesServesAndDrains() throws Exception {
        TreeMap<Long, Double> samples = new TreeMap<>();
        for (int i = 0; i <= 40; i++) {
            samples.put(DAY + i * 15_000L, (double) i);
        }
        Labels up = Labels.of("__name__", "up", "instance", "a");
        Segment segment = new TestingLake(folder, store).write(Map.of(up, samples));
        WorkerProcess worker = start(registry());
        try (TestingApi api = new TestingApi(worker.grpcPort());
                HttpClient client = HttpClient.newHttpClient()) {
            assertThat(api.await(WorkerMessage::hasHello).getHello().getWorkerId())
                    .isEqualTo(worker.workerId());
            api.send(ApiMessage.newBuilder()
                    .setAssign(AssignWork.newBuilder()
                            .setQueryId("q")
                            .setWorkId("q-0-0")
                            .setAttempt(1)
                            .setAffinityKey("k")
                            .setDeadlineRemainingMillis(30_000)
                            .setSpec(spec(segment))));
            WorkReady ready = api.await(message -> message.hasReady() || message.hasFailed())
                    .getReady();
            assertThat(ready.getRowCount()).isEqualTo(11);
            assertThat(ready.getStatistics().getDownloadBytes()).isPositive();
            Path file = folder.resolve("fetched");
            HttpResponse<Path> response = client.send(
                    HttpRequest.newBuilder(URI.create(ready.getArtifactUrl())).build(),
                    HttpResponse.BodyHandlers.ofFile(file));
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.headers().firstValue("X-Artifact-Checksum")).hasValue(ready.getArtifactChecksum());
            assertThat(Files.size(file)).isEqualTo(ready.getArtifactSizeBytes());
            try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
                assertThat(cursor.series()).containsExactly(up);
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.v()).isZero();
            }
            String base = "http://127.0.0.1:" + worker.httpPort();
            assertThat(get(base + "/readyz")).isEqualTo("READY\n");
            assertThat(get(base + "/metrics"))
                    .contains("weir_task_seconds", "weir_download_seconds", "weir_artifact_spool_bytes")
                    .contains("weir_segment_cache_bytes", "weir_disk_free_bytes", "weir_worker_queue_depth")
                    .doesNotContain("seconds_seconds", "bytes_bytes", "total_total");
            api.send(ApiMessage.newBuilder()
                    .setAck(ArtifactAck.newBuilder().setWorkId("q-0-0").setAttempt(1)));
            assertThat(worker.drain(20_000)).isTrue();
        } finally {
            worker.close();
        }
    }

    @Test
    void aRestartKeepsTheIdentityAndTheFolderIsExclusive() throws Exception {
        String identity;
        try (WorkerProcess worker = start(registry())) {
            identity = worker.workerId();
            assertThatThrownBy(() -> start(registry())).hasMessageContaining("another worker runs on");
            assertThat(get("http://127.0.0.1:" + worker.httpPort() + "/livez")).isEqualTo("ok\n");
        }
        try (WorkerProcess worker = start(registry())) {
            assertThat(worker.workerId()).isEqualTo(identity);
        }
    }

    @Test
    void aPortThatIsTakenLeavesNothingRunning() throws Exception {
        try (WorkerProcess worker = start(registry())) {
            WorkerSettings settings = WorkerSettings.of(folder.resolve("other"), 1, 1L << 30)
                    .withAddress("127.0.0.1", "127.0.0.1", 0, worker.grpcPort());
            assertThatThrownBy(() -> WorkerProcess.start(settings, store, registry()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(Integer.toString(worker.grpcPort()));
            // Its data folder is free again.
            WorkerProcess.start(settings.withAddress("127.0.0.1", "127.0.0.1", 0, 0), store, registry())
                    .close();
        }
    }

    @Test
    void settingsAreValidated() {
        WorkerSettings good = WorkerSettings.of(folder, 2, 1L << 30);
        assertThatThrownBy(() -> good.withAddress("", "a", 0, 0)).hasMessageContaining("listen host");
        assertThatThrownBy(() -> good.withAddress("a", "a", 70_000, 0)).hasMessageContaining("70000");
        assertThatThrownBy(() -> good.withAddress("a", "a", 90, 90)).hasMessageContaining("a port each");
        assertThatThrownBy(() -> good.withAdvertisedHttpPort(70_001)).hasMessageContaining("70001");
        assertThatThrownBy(() -> WorkerSettings.of(folder, 0, 1L << 30)).isInstanceOf(IllegalArgumentException.class);
    }
}
