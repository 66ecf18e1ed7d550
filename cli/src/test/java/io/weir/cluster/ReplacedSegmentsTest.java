package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.cli.process.EmbeddedDatabase;
import io.weir.ingest.compaction.CompactionSettings;
import io.weir.ingest.compaction.Compactor;
import io.weir.lake.catalog.CatalogSchema;
import io.weir.lake.catalog.MetricMetadata;
import io.weir.lake.catalog.NewSegment;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.lake.catalog.SegmentCatalog;
import io.weir.lake.catalog.SegmentQuery;
import io.weir.lake.catalog.SegmentSelection;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.lake.segment.SegmentFiles;
import io.weir.lake.segment.SegmentIds;
import io.weir.lake.segment.SegmentMeta;
import io.weir.lake.segment.SegmentOrder;
import io.weir.lake.segment.SegmentSettings;
import io.weir.lake.segment.SegmentWriter;
import io.weir.lake.segment.WrittenSegment;
import io.weir.lake.store.LocalObjectStore;
import io.weir.lake.store.ObjectStore;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import io.weir.queryapi.discovery.StaticDiscovery;
import io.weir.queryapi.discovery.WorkerAddress;
import io.weir.queryapi.fetch.ArtifactFetcher;
import io.weir.queryapi.fetch.FetchSettings;
import io.weir.queryapi.http.ApiServer;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.workmanager.GrpcWorkManager;
import io.weir.queryapi.workmanager.WorkManagerSettings;
import io.weir.queryworker.WorkerProcess;
import io.weir.queryworker.WorkerSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Objects that vanish or rot between the planning of a query and its execution: real catalog, compaction, store, worker and API. */
@Tag("slow")
final class ReplacedSegmentsTest {
    private static final long DAY = 20_000L * 86_400_000L;
    private static final int SEGMENTS = 8;
    private static final int SAMPLES = 40;
    private static final String QUERY = "/api/v1/query_range?query=sum%20by%20(job)%20(rate(m_total%5B2m%5D))&start="
            + DAY / 1000 + "&end=" + (DAY / 1000 + SEGMENTS * SAMPLES * 15) + "&step=15";

    @TempDir
    private Path folder;

    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final AtomicInteger planned = new AtomicInteger();
    private PostgresCatalog catalog;
    private LocalObjectStore store;
    private TestingClient client;
    /** Happens when a query has been planned and its work has not begun. */
    private volatile Runnable afterPlanning = () -> {};

    private <T extends AutoCloseable> T own(T part) {
        running.push(part);
        return part;
    }

    @BeforeEach
    void start() throws Exception {
        EmbeddedDatabase postgres = own(EmbeddedDatabase.start(folder.resolve("postgres")));
        HikariDataSource pool = own(Databases.open(DatabaseSettings.of(postgres.jdbcUrl(), "postgres", "postgres")));
        CatalogSchema.migrate(pool);
        catalog = new PostgresCatalog(pool);
        store = own(new LocalObjectStore(folder.resolve("lake")));
        WorkerProcess worker = own(WorkerProcess.start(
                WorkerSettings.of(folder.resolve("worker"), 2, 1L << 30), new RemoteStore(store), registry));
        GrpcWorkManager workManager = own(GrpcWorkManager.start(
                WorkManagerSettings.of("api"),
                new StaticDiscovery(Set.of(new WorkerAddress("127.0.0.1", worker.grpcPort()))),
                new ArtifactFetcher(FetchSettings.of(folder.resolve("fetch")), registry),
                registry));
        ApiServer api = own(ApiServer.start(
                ApiSettings.of("127.0.0.1", 0),
                new HookedCatalog(),
                workManager,
                registry,
                ApiServer.Surroundings.DEFAULT));
        client = new TestingClient(URI.create("http://127.0.0.1:" + api.port()), "default");
        await().until(() -> workManager.load().workers() == 1);
        writeSegments();
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable part : running) {
            part.close();
        }
    }

    /** The catalog of the API, with something happening behind its back. */
    private final class HookedCatalog implements SegmentCatalog {
        @Override
        public SegmentSelection find(SegmentQuery query) {
            SegmentSelection found = catalog.find(query);
            planned.incrementAndGet();
            afterPlanning.run();
            return found;
        }

        @Override
        public Set<String> current(String tenant, Set<String> segmentIds) {
            return catalog.current(tenant, segmentIds);
        }

        @Override
        public Map<String, List<MetricMetadata>> metadata(String tenant, String metric, int limit) {
            return catalog.metadata(tenant, metric, limit);
        }
    }

    /** The folder as a store that has to be downloaded from. */
    private record RemoteStore(LocalObjectStore behind) implements ObjectStore {
        @Override
        public void put(String key, Path file) throws IOException {
            behind.put(key, file);
        }

        @Override
        public void get(String key, Path file) throws IOException {
            behind.get(key, file);
        }

        @Override
        public boolean exists(String key) {
            return behind.exists(key);
        }

        @Override
        public void delete(String key) throws IOException {
            behind.delete(key);
        }

        @Override
        public List<String> list(String prefix, int limit) throws IOException {
            return behind.list(prefix, limit);
        }

        @Override
        public void close() {
            // Its owner closes what is behind.
        }
    }

    private void writeSegments() throws IOException {
        Random random = new Random(5);
        for (int number = 0; number < SEGMENTS; number++) {
            String id = SegmentIds.newId(1_000 + number, number);
            SegmentFiles files = new SegmentFiles(folder.resolve(id + ".blocks"), folder.resolve(id + ".series"));
            List<Labels> series = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                series.add(Labels.of("__name__", "m_total", "instance", "i" + i, "job", "j" + i % 3));
            }
            WrittenSegment written;
            try (SegmentWriter writer = SegmentWriter.create(files, SegmentSettings.DEFAULT)) {
                for (Labels labels : SegmentOrder.sorted(series)) {
                    SampleBuffer samples = new SampleBuffer(SAMPLES);
                    for (int i = 0; i < SAMPLES; i++) {
                        long at = number * SAMPLES + i;
                        samples.add(DAY + at * 15_000L, at * 1.1 + random.nextDouble());
                    }
                    writer.add(labels, samples);
                }
                written = writer.finish();
            }
            SegmentMeta meta = written.toMeta("default", id, 0);
            store.put(meta.blocksKey(), files.blocks());
            store.put(meta.seriesKey(), files.series());
            catalog.commitFlush("ingester", number + 1, List.of(new NewSegment(meta, written.fingerprints())));
        }
    }

    private List<SegmentMeta> segments() {
        return catalog.find(new SegmentQuery("default", List.of(), 0, Long.MAX_VALUE / 4))
                .segments();
    }

    /** Merges the oldest two segments of a level and deletes the replaced objects at once: a grace of 0 ms. */
    private void compact() {
        CompactionSettings settings =
                new CompactionSettings(true, 1_000, 2, 2, 1L << 30, 1L << 30, 10, 100, 60_000, 0, 100);
        Compactor compactor = new Compactor(
                settings,
                SegmentSettings.DEFAULT,
                catalog,
                store,
                folder.resolve("compaction"),
                "compactor",
                new Random(3)::nextLong,
                (merged, nanos, good) -> assertThat(good).isTrue());
        try {
            compactor.plan();
            assertThat(compactor.runOne()).isTrue();
            assertThat(compactor.collectGarbage()).isEqualTo(2);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private double reruns() {
        return registry.get("weir.query.reruns").counter().count();
    }

    private String answer() throws Exception {
        HttpResponse<String> response = client.get(QUERY);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    private void onceAfterPlanning(Runnable action) {
        afterPlanning = () -> {
            afterPlanning = () -> {};
            action.run();
        };
    }

    @Test
    void aSegmentReplacedWhileTheQueryBeginsIsFoundInItsSuccessor() throws Exception {
        onceAfterPlanning(this::compact);
        String disturbed = answer();
        assertThat(reruns()).isEqualTo(1);
        assertThat(segments()).hasSize(SEGMENTS - 1);
        assertThat(answer()).as("exactly what it is undisturbed").isEqualTo(disturbed);
        assertThat(disturbed).contains("\"job\":\"j0\"", "\"job\":\"j2\"");
        onceAfterPlanning(this::compact);
        HttpResponse<String> values = client.get("/api/v1/label/instance/values");
        assertThat(values.body()).contains("\"i0\"", "\"i29\"");
        assertThat(answer()).isEqualTo(disturbed);
    }

    @Test
    void whileCompactionGoesOnAfterEveryPlanningTheAnswersStayExact() throws Exception {
        AtomicInteger merges = new AtomicInteger();
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            // A query may run three times: only the last is left in peace.
            AtomicInteger disturbances = new AtomicInteger(2);
            afterPlanning = () -> {
                if (disturbances.getAndDecrement() > 0 && merges.get() < SEGMENTS / 2) {
                    merges.incrementAndGet();
                    compact();
                }
            };
            answers.add(answer());
        }
        afterPlanning = () -> {};
        assertThat(merges).hasValueGreaterThanOrEqualTo(3);
        assertThat(answers).containsOnly(answer());
    }

    @Test
    void anObjectThatIsGoneOrDamagedFailsTheQueryByItsName() throws Exception {
        SegmentMeta victim = segments().get(3);
        Path blocks = store.localFile(victim.blocksKey()).orElseThrow();
        byte[] good = Files.readAllBytes(blocks);
        byte[] bad = good.clone();
        bad[bad.length / 2] ^= 16;
        Files.write(blocks, bad);
        assertFails(victim.id(), "does not have the size and SHA-256 that the catalog says");
        Files.delete(blocks);
        assertFails(victim.id(), "is not there");
        assertThat(planned).as("the catalog is read again once for each").hasValue(4);
        Files.write(blocks, good);
        String answer = answer();
        // The local copy is what the catalog says, whatever becomes of the store.
        Files.delete(blocks);
        assertThat(answer()).isEqualTo(answer);
    }

    private void assertFails(String segment, String text) throws Exception {
        HttpResponse<String> response = client.get(QUERY);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(500);
        assertThat(response.body()).contains(text, segment).doesNotContain("\"result\"");
    }
}
