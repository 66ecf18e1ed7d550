package io.weir.queryworker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.lake.artifact.ArtifactCursor;
import io.weir.lake.artifact.ParquetArtifactCursor;
import io.weir.promql.labels.Labels;
import io.weir.proto.control.v1.WorkFailed;
import io.weir.proto.control.v1.WorkReady;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.leaf.v1.Segment;
import io.weir.queryworker.artifact.SpoolSettings;
import io.weir.queryworker.cache.TestingObjectStore;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole worker, spoken to as an API process does: gRPC stream and HTTP. */
final class WorkerProcessTest {
    static final long DAY = 19_000L * 86_400_000;

    @TempDir
    Path folder;

    private final TestingObjectStore store = new TestingObjectStore();

    private WorkerProcess start(MeterRegistry registry) throws IOException {
        return WorkerProcess.start(WorkerSettings.of(folder.resolve("data"), 2, 1L << 30), store, registry);
    }

    private static PrometheusMeterRegistry registry() {
        return new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    }

    private static String get(String url) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    void executesServesAndDrains() throws Exception {
        Labels up = Labels.of("__name__", "up", "instance", "a");
        Segment segment = segment();
        WorkerProcess worker = start(registry());
        try (TestingWorkerApi api = new TestingWorkerApi(worker.grpcPort());
                HttpClient client = HttpClient.newHttpClient()) {
            assertThat(api.await(WorkerMessage::hasHello).getHello().getWorkerId())
                    .isEqualTo(worker.workerId());
            api.assign("q-0-0", segment);
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
            api.acknowledge("q-0-0");
            assertThat(worker.drain(20_000)).isTrue();
        } finally {
            worker.close();
        }
    }

    @Test
    void anArtifactThatNobodyFetchesInTimeIsReportedLostAndComesOutTheSameAgain() throws Exception {
        Segment segment = segment();
        WorkerSettings settings = WorkerSettings.of(folder.resolve("data"), 2, 1L << 30)
                .withSpool(new SpoolSettings(300, 30_000, 20, 100, 1 << 20, 4, 4, 1_000, 10_000));
        PrometheusMeterRegistry metrics = registry();
        try (WorkerProcess worker = WorkerProcess.start(settings, store, metrics);
                TestingWorkerApi api = new TestingWorkerApi(worker.grpcPort())) {
            api.assign("w", 1, segment);
            WorkReady first = api.await(WorkerMessage::hasReady).getReady();
            WorkFailed lost = api.await(WorkerMessage::hasFailed).getFailed();
            assertThat(lost.getWorkId()).isEqualTo("w");
            assertThat(lost.getFailureClass()).isEqualTo(WorkFailed.FailureClass.ARTIFACT_LOST);
            assertThat(lost.getMessage()).contains("not fetched within artifact_ttl = 300 ms");
            assertThat(get(first.getArtifactUrl())).contains("the artifact was deleted; run the work again");
            api.assign("w", 2, segment);
            WorkReady second = api.await(WorkerMessage::hasReady).getReady();
            assertThat(second.getArtifactChecksum())
                    .as("the same work gives the same bytes")
                    .isEqualTo(first.getArtifactChecksum());
            assertThat(metrics.scrape())
                    .contains("weir_artifact_ttl_cleanup_total{kind=\"unacknowledged\"} 1.0")
                    .contains("weir_disk_evictions_total{kind=\"segment\"} 0.0", "weir_disk_full 0");
        }
    }

    @Test
    void aRestartKeepsTheSegmentsAndNothingElse() throws Exception {
        Segment segment = segment();
        try (WorkerProcess worker = start(registry());
                TestingWorkerApi api = new TestingWorkerApi(worker.grpcPort())) {
            api.assign("w", segment);
            assertThat(api.await(WorkerMessage::hasReady)
                            .getReady()
                            .getStatistics()
                            .getDownloadBytes())
                    .isPositive();
        }
        Files.createDirectories(folder.resolve("data/spool/odd"));
        Files.writeString(folder.resolve("data/spool/odd/1.parquet"), "left over");
        Files.createDirectories(folder.resolve("data/duckdb"));
        Files.writeString(folder.resolve("data/duckdb/duckdb_temp_storage.tmp"), "left over");
        PrometheusMeterRegistry metrics = registry();
        try (WorkerProcess worker = start(metrics);
                TestingWorkerApi api = new TestingWorkerApi(worker.grpcPort())) {
            long cached = segment.getBlocksSizeBytes() + segment.getSeriesSizeBytes();
            assertThat(metrics.get("weir_segment_cache_bytes").gauge().value()).isEqualTo(cached);
            assertThat(metrics.get("weir_segment_cache_files").gauge().value()).isEqualTo(2);
            assertThat(folder.resolve("data/spool")).isEmptyDirectory();
            assertThat(folder.resolve("data/duckdb/duckdb_temp_storage.tmp")).doesNotExist();
            api.assign("w", segment);
            assertThat(api.await(WorkerMessage::hasReady)
                            .getReady()
                            .getStatistics()
                            .getDownloadBytes())
                    .isZero();
        }
    }

    private Segment segment() throws IOException {
        TreeMap<Long, Double> samples = new TreeMap<>();
        for (int i = 0; i <= 40; i++) {
            samples.put(DAY + i * 15_000L, (double) i);
        }
        return new TestingLake(folder, store).write(Map.of(Labels.of("__name__", "up", "instance", "a"), samples));
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
        assertThatThrownBy(() -> WorkerSettings.of(folder, 2, 8L << 20))
                .hasMessageContaining("worker-spool-reserve-bytes");
        assertThatThrownBy(() -> good.withAdvertisedHttpPort(70_001)).hasMessageContaining("70001");
        assertThatThrownBy(() -> WorkerSettings.of(folder, 0, 1L << 30)).isInstanceOf(IllegalArgumentException.class);
    }
}
