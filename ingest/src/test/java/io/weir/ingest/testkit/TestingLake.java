package io.weir.ingest.testkit;

import com.zaxxer.hikari.HikariDataSource;
import io.weir.lake.catalog.CatalogSchema;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.lake.catalog.SegmentQuery;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.lake.segment.ParquetBlockReader;
import io.weir.lake.segment.ParquetSeriesIndex;
import io.weir.lake.segment.SegmentMeta;
import io.weir.lake.store.LocalObjectStore;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** A real catalog in an embedded PostgreSQL and a real store in a folder, and a reader of everything in them. */
public final class TestingLake implements AutoCloseable {
    private static final class Shared {
        static final EmbeddedPostgres POSTGRES = start();

        private static EmbeddedPostgres start() {
            try {
                return EmbeddedPostgres.start();
            } catch (IOException e) {
                throw new IllegalStateException("embedded PostgreSQL does not start", e);
            }
        }
    }

    private static int databases;

    private final String jdbcUrl;
    private final HikariDataSource dataSource;
    private final PostgresCatalog catalog;
    private final LocalObjectStore store;
    private final Path folder;

    private TestingLake(String jdbcUrl, Path folder) throws IOException {
        this.jdbcUrl = jdbcUrl;
        this.folder = folder;
        dataSource = Databases.open(DatabaseSettings.of(jdbcUrl, "postgres", "postgres"));
        CatalogSchema.migrate(dataSource);
        catalog = new PostgresCatalog(dataSource);
        store = new LocalObjectStore(folder);
    }

    /** A lake in a fresh database. */
    public static synchronized TestingLake create(Path folder) throws IOException, SQLException {
        String name = "ingest" + databases++;
        try (Connection connection = Shared.POSTGRES.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("create database " + name);
        }
        return new TestingLake(Shared.POSTGRES.getJdbcUrl("postgres", name), folder);
    }

    /** The lake another process opened. */
    public static TestingLake open(String jdbcUrl, Path folder) throws IOException {
        return new TestingLake(jdbcUrl, folder);
    }

    public String jdbcUrl() {
        return jdbcUrl;
    }

    public Path folder() {
        return folder;
    }

    public PostgresCatalog catalog() {
        return catalog;
    }

    public LocalObjectStore store() {
        return store;
    }

    public List<SegmentMeta> segments(String tenant) {
        return catalog.find(new SegmentQuery(tenant, List.of(), Long.MIN_VALUE / 4, Long.MAX_VALUE / 4))
                .segments();
    }

    /** The same with every column: each sample as {@link TestingBatches#line}, by series and time. */
    public Map<Labels, TreeMap<Long, List<String>>> lines(String tenant) {
        Map<Labels, TreeMap<Long, List<String>>> all = new HashMap<>();
        forEach(tenant, (labels, buffer) -> {
            TreeMap<Long, List<String>> samples = all.computeIfAbsent(labels, key -> new TreeMap<>());
            for (int i = 0; i < buffer.size(); i++) {
                String line = TestingBatches.line(
                        labels,
                        buffer.timestamps()[i],
                        buffer.values()[i],
                        buffer.encodedHistogram(i),
                        buffer.startTimestamp(i));
                samples.merge(buffer.timestamps()[i], List.of(line), TestingLake::concat);
            }
        });
        return all;
    }

    /** How often each sample lies in the current segments: series, then time, then the raw bits of each copy. */
    public Map<Labels, TreeMap<Long, List<Long>>> copies(String tenant) {
        Map<Labels, TreeMap<Long, List<Long>>> all = new HashMap<>();
        forEach(tenant, (labels, buffer) -> {
            TreeMap<Long, List<Long>> samples = all.computeIfAbsent(labels, key -> new TreeMap<>());
            for (int i = 0; i < buffer.size(); i++) {
                samples.merge(
                        buffer.timestamps()[i],
                        List.of(Double.doubleToRawLongBits(buffer.values()[i])),
                        TestingLake::concat);
            }
        });
        return all;
    }

    /** Gives away the samples of each block of the current segments. */
    private void forEach(String tenant, BiConsumer<Labels, SampleBuffer> consumer) {
        for (SegmentMeta meta : segments(tenant)) {
            Path series = store.localFile(meta.seriesKey()).orElseThrow();
            Path blocks = store.localFile(meta.blocksKey()).orElseThrow();
            ParquetSeriesIndex index = ParquetSeriesIndex.load(series, meta.id());
            SampleBuffer buffer = new SampleBuffer(1024);
            try (ParquetBlockReader reader = new ParquetBlockReader(blocks, meta.id())) {
                reader.scan(0, index.size(), null, Long.MIN_VALUE, Long.MAX_VALUE, row -> {
                    buffer.clear();
                    row.decode(buffer);
                    consumer.accept(index.labels(row.series()), buffer);
                });
            }
        }
    }

    private static <T> List<T> concat(List<T> left, List<T> right) {
        return java.util.stream.Stream.concat(left.stream(), right.stream()).toList();
    }

    @Override
    public void close() {
        store.close();
        dataSource.close();
    }
}
