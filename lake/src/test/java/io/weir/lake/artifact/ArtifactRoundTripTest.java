package io.weir.lake.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.lake.codec.TestingHistograms;
import io.weir.promql.aggregate.HistogramCell;
import io.weir.promql.aggregate.StateLayout;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.error.QueryException;
import io.weir.promql.histogram.CounterResetHint;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.histogram.HistogramCodec;
import io.weir.promql.labels.Labels;
import io.weir.promql.leaf.LeafColumns;
import io.weir.promql.series.Column;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ArtifactRoundTripTest {
    private static final long BYTES_MAX = 1L << 30;
    private static final double[] SPECIAL = {
        Double.longBitsToDouble(0x7ff8000000000001L),
        Double.longBitsToDouble(0xfff8dead0000beefL),
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY,
        0.0,
        -0.0,
        Double.MIN_VALUE,
        1.5
    };

    @TempDir
    Path folder;

    private int files;

    private Path target() {
        return folder.resolve("artifact-" + files++ + ".parquet");
    }

    private record Row(long step, int series, long v, long c, long n) {}

    private static List<Row> expectedRows(LeafColumns columns) {
        List<Row> rows = new ArrayList<>();
        for (int step = 0; step < columns.grid().count(); step++) {
            for (int series = 0; series < columns.series().size(); series++) {
                double v = columns.v()[series][step];
                if (!StaleMarker.is(v)) {
                    rows.add(new Row(
                            columns.grid().at(step),
                            series,
                            Double.doubleToRawLongBits(v),
                            columns.layout().hasC() ? Double.doubleToRawLongBits(columns.c()[series][step]) : 0,
                            columns.layout().hasN() ? columns.n()[series][step] : 0));
                }
            }
        }
        return rows;
    }

    private static List<Row> readRows(ArtifactCursor cursor) {
        List<Row> rows = new ArrayList<>();
        while (cursor.next()) {
            rows.add(new Row(
                    cursor.stepMillis(),
                    cursor.seriesOrdinal(),
                    Double.doubleToRawLongBits(cursor.v()),
                    cursor.layout().hasC() ? Double.doubleToRawLongBits(cursor.c()) : 0,
                    cursor.layout().hasN() ? cursor.n() : 0));
        }
        return rows;
    }

    private static LeafColumns randomColumns(Random random, StateLayout layout, int seriesCount, int stepCount) {
        TreeSet<Labels> sorted = new TreeSet<>();
        String[] odd = {
            "plain", "quo\"te", "back\\slash", "line\nbreak", "tab\t", "ünïcode", "emoji 😀", "\u0001", "a,b:c{}"
        };
        while (sorted.size() < seriesCount) {
            sorted.add(Labels.of(
                    "__name__",
                    "metric_" + random.nextInt(3),
                    "instance",
                    "host-" + sorted.size(),
                    odd[random.nextInt(odd.length)],
                    odd[random.nextInt(odd.length)]));
        }
        double[][] v = new double[seriesCount][stepCount];
        double[][] c = new double[layout.hasC() ? seriesCount : 0][stepCount];
        long[][] n = new long[layout.hasN() ? seriesCount : 0][stepCount];
        for (int series = 0; series < seriesCount; series++) {
            for (int step = 0; step < stepCount; step++) {
                v[series][step] = random.nextInt(4) == 0 ? StaleMarker.VALUE : value(random);
                if (layout.hasC()) {
                    c[series][step] = random.nextInt(50) == 0 ? StaleMarker.VALUE : value(random);
                }
                if (layout.hasN()) {
                    n[series][step] = random.nextInt(10) == 0 ? random.nextLong() : random.nextInt(100) - 10;
                }
            }
        }
        List<Annotation> annotations = List.of(
                new Annotation(
                        Annotation.Level.INFO, "metric might not be a counter: \"a b\"", new PositionRange(3, 12)),
                new Annotation(Annotation.Level.WARNING, "two\nlines and a \\ and a \\n", PositionRange.NONE));
        return new LeafColumns(
                new StepGrid(
                        1_700_000_000_000L,
                        1_700_000_000_000L + (stepCount - 1) * 15_000L,
                        stepCount == 1 ? 0 : 15_000),
                layout,
                List.copyOf(sorted),
                v,
                c,
                n,
                null,
                annotations);
    }

    private static double value(Random random) {
        return switch (random.nextInt(3)) {
            case 0 -> SPECIAL[random.nextInt(SPECIAL.length)];
            case 1 -> random.nextInt(1000) / 10.0;
            default -> {
                double any = Double.longBitsToDouble(random.nextLong());
                yield StaleMarker.is(any) ? 1 : any;
            }
        };
    }

    @ParameterizedTest
    @EnumSource(StateLayout.class)
    void everyLayoutKeepsEveryBit(StateLayout layout) throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        var random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            LeafColumns columns = randomColumns(random, layout, random.nextInt(40), 1 + random.nextInt(90));
            Path file = target();
            ArtifactMeta meta = ArtifactWriter.write(file, "work-7", columns, BYTES_MAX);
            assertThat(ArtifactContract.read(file))
                    .as("the footer says what the worker announces")
                    .isEqualTo(new ArtifactContract(
                            "work-7",
                            meta.rowCount(),
                            meta.minTimestampMillis(),
                            meta.maxTimestampMillis(),
                            meta.schemaVersion()));
            List<Row> expected = expectedRows(columns);
            assertThat(meta.rowCount()).isEqualTo(expected.size());
            assertThat(meta.sizeBytes()).isEqualTo(Files.size(file));
            assertThat(meta.checksum()).isEqualTo(sha256(file));
            assertThat(meta.minTimestampMillis())
                    .isEqualTo(expected.isEmpty() ? 0 : expected.getFirst().step());
            assertThat(meta.maxTimestampMillis())
                    .isEqualTo(expected.isEmpty() ? 0 : expected.getLast().step());
            try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
                assertThat(cursor.layout()).isEqualTo(layout);
                assertThat(cursor.series()).isEqualTo(columns.series());
                assertThat(cursor.annotations()).isEqualTo(columns.annotations());
                assertThat(readRows(cursor)).isEqualTo(expected);
                assertThat(cursor.next()).isFalse();
            }
        }
    }

    private static String sha256(Path file) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    @Test
    void severalRowGroupsOfRowsAndOfSeries() throws Exception {
        int seriesCount = 70_000;
        List<Labels> series = new ArrayList<>();
        double[][] v = new double[seriesCount][3];
        for (int i = 0; i < seriesCount; i++) {
            series.add(Labels.of("__name__", "many", "instance", String.format("host-%06d", i)));
            Arrays.fill(v[i], i);
        }
        LeafColumns columns = new LeafColumns(
                new StepGrid(0, 2000, 1000),
                StateLayout.SAMPLES,
                series,
                v,
                new double[0][],
                new long[0][],
                null,
                List.of());
        Path file = target();
        ArtifactMeta meta = ArtifactWriter.write(file, "w", columns, BYTES_MAX);
        assertThat(meta.rowCount()).isEqualTo(210_000);
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
            assertThat(cursor.series()).isEqualTo(series);
            assertThat(readRows(cursor)).isEqualTo(expectedRows(columns));
        }
    }

    @Test
    void seriesAloneAndNothingAtAll() throws Exception {
        List<Labels> series = List.of(Labels.of("name", "__name__"), Labels.of("name", "instance"));
        Path file = target();
        ArtifactMeta meta = ArtifactWriter.writeSeries(file, "w", series, List.of(), BYTES_MAX);
        assertThat(meta.rowCount()).isZero();
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
            assertThat(cursor.series()).isEqualTo(series);
            assertThat(cursor.next()).isFalse();
        }
        Path empty = target();
        ArtifactWriter.writeSeries(empty, "w", List.of(), List.of(), BYTES_MAX);
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(empty)) {
            assertThat(cursor.series()).isEmpty();
            assertThat(cursor.next()).isFalse();
        }
        Path noLabels = target();
        ArtifactWriter.writeSeries(noLabels, "w", List.of(Labels.EMPTY), List.of(), BYTES_MAX);
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(noLabels)) {
            assertThat(cursor.series()).containsExactly(Labels.EMPTY);
        }
    }

    @Test
    void rawSamplesComeInTimeOrderWithTheirBits() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        var random = new Random(seed);
        List<Labels> series = new ArrayList<>();
        List<SampleBuffer> samples = new ArrayList<>();
        List<Row> expected = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            series.add(Labels.of("__name__", "raw", "i", String.format("%02d", i)));
            var buffer = new SampleBuffer(4);
            long time = random.nextInt(1000);
            for (int k = random.nextInt(60); k > 0; k--) {
                double value = random.nextInt(5) == 0 ? StaleMarker.VALUE : value(random);
                buffer.add(time, value);
                expected.add(new Row(time, i, Double.doubleToRawLongBits(value), 0, 0));
                time += 1 + random.nextInt(100);
            }
            samples.add(buffer);
        }
        expected.sort(java.util.Comparator.comparingLong(Row::step).thenComparingInt(Row::series));
        Path file = target();
        ArtifactWriter.writeSamples(file, "w", series, samples, List.of(), BYTES_MAX);
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
            assertThat(readRows(cursor)).isEqualTo(expected);
        }
    }

    /** Cells beside floats, in place of them, and none; a row for each. */
    private static LeafColumns withHistograms(Random random, LeafColumns floats) {
        var states = floats.layout().hasN();
        @Nullable HistogramCell[][] cells = new HistogramCell[floats.series().size()][];
        for (int series = 0; series < cells.length; series++) {
            if (random.nextInt(3) > 0) {
                cells[series] = new HistogramCell[floats.grid().count()];
                for (int step = 0; step < cells[series].length; step++) {
                    if (random.nextBoolean()) {
                        cells[series][step] = cell(random, states);
                    }
                }
            }
        }
        return new LeafColumns(
                floats.grid(),
                floats.layout(),
                floats.series(),
                floats.v(),
                floats.c(),
                floats.n(),
                cells,
                floats.annotations());
    }

    private static HistogramCell cell(Random random, boolean state) {
        Histogram value = histogram(random);
        return state
                ? new HistogramCell(
                        value,
                        random.nextBoolean() ? null : histogram(random),
                        random.nextInt(3) == 0 ? -random.nextInt(1000) : random.nextLong() >> 4,
                        random.nextInt(16))
                : HistogramCell.sample(value);
    }

    private static Histogram histogram(Random random) {
        var buffer = new SampleBuffer(16);
        while (buffer.size() == 0 || !buffer.isHistogram(0)) {
            buffer.clear();
            TestingHistograms.fill(random, buffer, 1, 0);
        }
        return Objects.requireNonNull(buffer.histogram(0));
    }

    private static String text(@Nullable HistogramCell cell) {
        if (cell == null) {
            return "none";
        }
        HexFormat hex = HexFormat.of();
        Histogram compensation = cell.compensation();
        return cell.flags() + " " + cell.count() + " " + hex.formatHex(HistogramCodec.encode(cell.value())) + " "
                + (compensation == null ? "" : hex.formatHex(HistogramCodec.encode(compensation)));
    }

    private static List<String> expectedCells(LeafColumns columns) {
        List<String> rows = new ArrayList<>();
        for (int step = 0; step < columns.grid().count(); step++) {
            for (int series = 0; series < columns.series().size(); series++) {
                double v = columns.v()[series][step];
                HistogramCell cell = columns.histogram(series, step);
                if (cell != null || !StaleMarker.is(v)) {
                    rows.add(columns.grid().at(step) + " " + series + " "
                            + Long.toHexString(Double.doubleToRawLongBits(v)) + " "
                            + (columns.layout().hasC() ? Double.doubleToRawLongBits(columns.c()[series][step]) : 0)
                            + " " + (columns.layout().hasN() ? columns.n()[series][step] : 0) + " " + text(cell));
                }
            }
        }
        return rows;
    }

    private static List<String> readCells(ArtifactCursor cursor) {
        List<String> rows = new ArrayList<>();
        while (cursor.next()) {
            rows.add(cursor.stepMillis() + " " + cursor.seriesOrdinal() + " "
                    + Long.toHexString(Double.doubleToRawLongBits(cursor.v())) + " "
                    + (cursor.layout().hasC() ? Double.doubleToRawLongBits(cursor.c()) : 0) + " "
                    + (cursor.layout().hasN() ? cursor.n() : 0) + " " + text(cursor.h()));
        }
        return rows;
    }

    @ParameterizedTest
    @EnumSource(StateLayout.class)
    void histogramsAreAColumnMore(StateLayout layout) throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        var random = new Random(seed);
        for (int round = 0; round < 10; round++) {
            LeafColumns columns = withHistograms(
                    random, randomColumns(random, layout, 1 + random.nextInt(20), 1 + random.nextInt(60)));
            Path file = target();
            ArtifactMeta meta = ArtifactWriter.write(file, "work-7", columns, BYTES_MAX);
            assertThat(ArtifactContract.read(file))
                    .as("the footer says what the worker announces")
                    .isEqualTo(new ArtifactContract(
                            "work-7",
                            meta.rowCount(),
                            meta.minTimestampMillis(),
                            meta.maxTimestampMillis(),
                            meta.schemaVersion()));
            List<String> expected = expectedCells(columns);
            boolean any = Arrays.stream(Objects.requireNonNull(columns.h())).anyMatch(Objects::nonNull);
            assertThat(meta.schemaVersion()).isEqualTo(any ? 2 : 1);
            assertThat(meta.rowCount()).isEqualTo(expected.size());
            assertThat(meta.checksum()).isEqualTo(sha256(file));
            try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
                assertThat(cursor.series()).isEqualTo(columns.series());
                assertThat(cursor.annotations()).isEqualTo(columns.annotations());
                assertThat(readCells(cursor)).isEqualTo(expected);
            }
            try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                    Statement statement = connection.createStatement()) {
                assertThat(strings(statement, "select count(*) from read_parquet('" + file + "') where labels is null"))
                        .containsExactly(Integer.toString(expected.size()));
            }
        }
    }

    /** An API that knows version 1 alone refuses a file by its version, and a result of floats has version 1. */
    @Test
    void floatsKeepTheirBytesAndVersion() throws Exception {
        LeafColumns floats = randomColumns(new Random(4), StateLayout.SUM, 10, 10);
        LeafColumns nullRows = new LeafColumns(
                floats.grid(),
                floats.layout(),
                floats.series(),
                floats.v(),
                floats.c(),
                floats.n(),
                new HistogramCell[10][],
                floats.annotations());
        Path one = target();
        Path two = target();
        assertThat(ArtifactWriter.write(one, "w", floats, BYTES_MAX).schemaVersion())
                .isEqualTo(1);
        ArtifactWriter.write(two, "w", nullRows, BYTES_MAX);
        assertThat(Files.readAllBytes(two)).isEqualTo(Files.readAllBytes(one));
        byte[] bytes = Files.readAllBytes(one);
        String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
        int at = text.indexOf("parquet_schema_version") + "parquet_schema_version".length();
        bytes[text.indexOf('1', at)] = '3';
        Path newer = Files.write(target(), bytes);
        assertThatThrownBy(() -> ArtifactContract.read(newer)).hasMessageContaining("schema version 3");
        assertThatThrownBy(() -> ParquetArtifactCursor.open(newer))
                .isInstanceOf(CorruptArtifactException.class)
                .hasMessageContaining("schema version 3")
                .hasMessageContaining("run API and workers of the same release");
    }

    @Test
    void rawSamplesWithHistograms() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        var random = new Random(seed);
        List<Labels> series = new ArrayList<>();
        List<SampleBuffer> samples = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            series.add(Labels.of("__name__", "raw", "i", Integer.toString(i)));
            var buffer = new SampleBuffer(4);
            TestingHistograms.fill(random, buffer, 200, 0);
            samples.add(buffer);
        }
        Path file = target();
        ArtifactWriter.writeSamples(file, "w", series, samples, List.of(), BYTES_MAX);
        for (int i = 0; i < 8; i++) {
            SampleBuffer buffer = samples.get(i);
            for (int k = 0; k < buffer.size(); k++) {
                byte[] encoded = buffer.encodedHistogram(k);
                Histogram histogram = encoded == null ? null : HistogramCodec.decode(encoded);
                expected.add(i + " " + buffer.timestamps()[k] + " "
                        + Long.toHexString(Double.doubleToRawLongBits(buffer.values()[k])) + " "
                        + text(histogram == null ? null : HistogramCell.sample(histogram)));
            }
        }
        List<String> rows = new ArrayList<>();
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
            long before = Long.MIN_VALUE;
            while (cursor.next()) {
                assertThat(cursor.stepMillis()).isGreaterThanOrEqualTo(before);
                before = cursor.stepMillis();
                rows.add(cursor.seriesOrdinal() + " " + cursor.stepMillis() + " "
                        + Long.toHexString(Double.doubleToRawLongBits(cursor.v())) + " " + text(cursor.h()));
            }
        }
        assertThat(rows).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void manyHistogramsAreSeveralRowGroups() throws Exception {
        int steps = 60;
        double[] buckets = new Random(2).doubles(20_000).toArray();
        Histogram large = new Histogram(
                CounterResetHint.GAUGE,
                8,
                0,
                0,
                1,
                1,
                new int[] {0, buckets.length},
                buckets,
                new int[0],
                new double[0],
                new double[0]);
        HistogramCell[] cells = new HistogramCell[steps];
        Arrays.fill(cells, HistogramCell.sample(large));
        double[] values = new double[steps];
        Arrays.fill(values, Column.HISTOGRAM);
        LeafColumns columns = new LeafColumns(
                new StepGrid(0, (steps - 1) * 1000L, 1000),
                StateLayout.SAMPLES,
                List.of(Labels.of("a", "b")),
                new double[][] {values},
                new double[0][],
                new long[0][],
                new HistogramCell[][] {cells},
                List.of());
        Path file = target();
        ArtifactWriter.write(file, "w", columns, BYTES_MAX);
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
            assertThat(readCells(cursor)).isEqualTo(expectedCells(columns));
        }
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            assertThat(strings(statement, "select count(distinct row_group_id) from parquet_metadata('" + file + "')"))
                    .containsExactly("4");
        }
        Path small = target();
        assertThatThrownBy(() -> ArtifactWriter.write(small, "w", columns, 1 << 20))
                .isInstanceOf(QueryException.LimitExceeded.class)
                .hasMessageContaining("larger than 1048576 bytes");
        assertThat(small).doesNotExist();
    }

    @Test
    void damagedHistogramsAreCorruptAndNothingElse() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        var random = new Random(seed);
        Path original = target();
        ArtifactWriter.write(
                original, "w", withHistograms(random, randomColumns(random, StateLayout.SUM, 8, 20)), BYTES_MAX);
        byte[] good = Files.readAllBytes(original);
        int corrupt = 0;
        for (int round = 0; round < 2000; round++) {
            Path file = Files.write(folder.resolve("damaged.parquet"), damage(random, good));
            try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
                while (cursor.next()) {
                    HistogramCell cell = cursor.h();
                    assertThat(cell == null || cell.flags() >= 0).isTrue();
                }
            } catch (CorruptArtifactException e) {
                corrupt++;
                assertThat(e).hasMessageContaining("damaged.parquet");
            }
        }
        assertThat(corrupt).isGreaterThan(300);
    }

    @Test
    void tooLargeIsTheLimitByNameAndLeavesNoFile() {
        LeafColumns columns = randomColumns(new Random(1), StateLayout.SUM, 30, 90);
        Path file = target();
        assertThatThrownBy(() -> ArtifactWriter.write(file, "w", columns, 10_000))
                .isInstanceOf(QueryException.LimitExceeded.class)
                .hasMessageContaining("larger than 10000 bytes");
        assertThat(file).doesNotExist();
    }

    @Test
    void unsortedSeriesAreADefectAndLeaveNoFile() {
        Path file = target();
        List<Labels> series = List.of(Labels.of("a", "2"), Labels.of("a", "1"));
        assertThatThrownBy(() -> ArtifactWriter.writeSeries(file, "w", series, List.of(), BYTES_MAX))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("not sorted");
        assertThat(file).doesNotExist();
    }

    @ParameterizedTest
    @EnumSource(StateLayout.class)
    void duckDbReadsTheSame(StateLayout layout) throws Exception {
        LeafColumns columns = randomColumns(new Random(42), layout, 35, 70);
        Path file = target();
        ArtifactWriter.write(file, "work-9", columns, BYTES_MAX);
        String from = " from read_parquet('" + file + "')";
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            List<Row> rows = new ArrayList<>();
            String select = "select step_ts, series, v"
                    + (layout.hasC() ? ", c" : ", 0::double")
                    + (layout.hasN() ? ", n" : ", 0::bigint");
            try (ResultSet result = statement.executeQuery(select + from + " where labels is null")) {
                while (result.next()) {
                    rows.add(new Row(
                            result.getLong(1),
                            result.getInt(2),
                            Double.doubleToRawLongBits(result.getDouble(3)),
                            Double.doubleToRawLongBits(result.getDouble(4)),
                            result.getLong(5)));
                }
            }
            assertThat(rows).isEqualTo(expectedRows(columns));
            assertThat(strings(
                            statement,
                            "select labels->>'instance'" + from + " where labels is not null order by series"))
                    .isEqualTo(columns.series().stream()
                            .map(labels -> labels.get("instance"))
                            .toList());
            assertThat(strings(statement, "select value::varchar from parquet_kv_metadata('" + file + "')"))
                    .contains("work-9", layout.name());
        }
    }

    private static List<String> strings(Statement statement, String sql) throws SQLException {
        List<String> values = new ArrayList<>();
        try (ResultSet result = statement.executeQuery(sql)) {
            while (result.next()) {
                values.add(result.getString(1));
            }
        }
        return values;
    }

    @Test
    void damagedFilesAreCorruptAndNothingElse() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        var random = new Random(seed);
        Path original = target();
        ArtifactWriter.write(original, "w", randomColumns(random, StateLayout.SUM, 30, 50), BYTES_MAX);
        byte[] good = Files.readAllBytes(original);
        int corrupt = 0;
        for (int round = 0; round < 3000; round++) {
            byte[] bad = damage(random, good);
            Path file = folder.resolve("damaged.parquet");
            Files.write(file, bad);
            try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
                while (cursor.next()) {
                    assertThat(cursor.seriesOrdinal()).isBetween(0, 29);
                }
            } catch (CorruptArtifactException e) {
                corrupt++;
                assertThat(e).hasMessageContaining("damaged.parquet");
            }
        }
        assertThat(corrupt).isGreaterThan(500);
    }

    private static byte[] damage(Random random, byte[] good) {
        if (random.nextInt(4) == 0) {
            return Arrays.copyOf(good, random.nextInt(good.length));
        }
        byte[] bad = good.clone();
        // The footer is where most of the structure is.
        int from = random.nextBoolean() ? bad.length - Math.min(bad.length, 1200) : 0;
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            bad[from + random.nextInt(bad.length - from)] = (byte) random.nextInt(256);
        }
        return bad;
    }

    @Test
    void noFileIsCorrupt() throws IOException {
        assertThatThrownBy(() -> ParquetArtifactCursor.open(folder.resolve("none.parquet")))
                .isInstanceOf(CorruptArtifactException.class);
        Path text = Files.writeString(folder.resolve("text.parquet"), "this is no parquet file at all");
        assertThatThrownBy(() -> ParquetArtifactCursor.open(text))
                .isInstanceOf(CorruptArtifactException.class)
                .hasMessageContaining("text.parquet");
    }

    @Test
    void deltaPackingOfAnyIntegers() {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        var random = new Random(seed);
        for (int round = 0; round < 2000; round++) {
            int count = random.nextInt(400);
            int width = random.nextInt(65);
            long[] values = new long[count];
            for (int i = 0; i < count; i++) {
                values[i] = width == 0 ? 7 : random.nextLong() >> (64 - width);
            }
            var sink = new ByteSink(16);
            DeltaPacking.encode(values, count, sink);
            byte[] bytes = Arrays.copyOf(sink.array(), sink.size() + ArtifactFormat.SLACK_BYTES);
            long[] decoded = new long[count];
            DeltaPacking.decode(bytes, 0, sink.size(), decoded, count);
            assertThat(decoded).isEqualTo(values);
        }
    }

    @Test
    void aGrowingFileAsksForRoomBeforeItGrowsAndGoesWhenThereIsNone() throws Exception {
        var random = new Random(11);
        LeafColumns columns = randomColumns(random, StateLayout.SUM, 300, 400);
        List<Long> asked = new ArrayList<>();
        Path file = target();
        ArtifactMeta meta = ArtifactWriter.write(
                new ArtifactTarget(file, BYTES_MAX, total -> {
                    assertThat(Files.size(file)).as("asked before").isLessThan(total);
                    asked.add(total);
                }),
                "w",
                columns);
        assertThat(asked).hasSizeGreaterThan(2).isSorted();
        assertThat(asked.getLast()).isEqualTo(meta.sizeBytes());
        Path none = target();
        assertThatThrownBy(() -> ArtifactWriter.write(
                        new ArtifactTarget(none, BYTES_MAX, total -> {
                            if (total > asked.get(1)) {
                                throw new java.io.IOException("no room");
                            }
                        }),
                        "w",
                        columns))
                .hasMessage("no room");
        assertThat(none).doesNotExist();
    }
}
