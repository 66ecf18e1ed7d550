package io.weir.language;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.testlang.TestResult;
import io.weir.promql.testlang.TestSeries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A DuckDB that knows nothing of Weir but {@code deploy/sql/weir.sql} reads from the lake what the API answers. */
@Tag("slow")
final class StockDuckDbTest {
    private static final long START_MILLIS = 1_750_000_000_000L / 86_400_000 * 86_400_000 + 3_600_000;
    private static final double[] SPECIAL = {
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY,
        -0.0,
        0.1 + 0.2,
        Double.MIN_VALUE,
        Double.MAX_VALUE,
        1e18
    };

    @TempDir
    private Path folder;

    @Test
    void duckDbReadsWhatTheApiAnswers() throws Exception {
        List<TestSeries> series = List.of(
                series("up", "a", 90, i -> i % 9 == 0 ? 0 : 1),
                series("up", "b\"\\é☺", 90, i -> i == 40 ? StaleMarker.VALUE : 1),
                series("total", "a", 200, i -> i * 15 + 0.25),
                series("gauge", "a", 200, i -> Math.sin(i) * 1e3),
                series("special", "a", 120, i -> SPECIAL[i % SPECIAL.length]),
                series("other", "a", 50, i -> i));
        TreeMap<Labels, List<String>> fromApi = new TreeMap<>();
        try (TestingStandalone weir = TestingStandalone.start(folder, 2, 100)) {
            TestingApi api = new TestingApi(weir.base());
            TestingWrites.send(api, "duck", series);
            TestResult result = TestingApi.parse(
                    api.instant("duck", "{__name__=~\"up|total|gauge|special\"}[2h]", START_MILLIS + 7_000_000));
            for (TestResult.Row row : ((TestResult.Value.Matrix) result.value()).rows()) {
                fromApi.put(
                        row.labels(),
                        row.points().stream()
                                .map(point -> text(point.timestampMillis(), point.value()))
                                .toList());
            }
        }
        assertThat(fromApi).hasSize(5);
        assertThat(fromApi.values().stream().mapToInt(List::size).sum())
                .as("samples without the staleness marker")
                .isEqualTo(699);
        assertThat(fromDuckDb()).isEqualTo(fromApi);
    }

    private interface ValueOf {
        double at(int sample);
    }

    private static TestSeries series(String name, String instance, int samples, ValueOf value) {
        List<TestSeries.Sample> all = new ArrayList<>();
        for (int i = 0; i < samples; i++) {
            all.add(new TestSeries.Sample(START_MILLIS + i * 15_000L + i % 3, value.at(i), null, 0));
        }
        return new TestSeries(Labels.of("__name__", name, "instance", instance), all, false);
    }

    private static String text(long timestampMillis, double value) {
        return timestampMillis + " " + Long.toHexString(Double.doubleToLongBits(value));
    }

    /** The samples of all segments, the later segment's first; those that the API leaves out are left out. */
    private Map<Labels, List<String>> fromDuckDb() throws SQLException, IOException {
        TreeMap<Labels, TreeMap<Long, Double>> samples = new TreeMap<>();
        Path macros = Path.of(System.getProperty("weir.root", ".."), "deploy", "sql", "weir.sql");
        List<String> segments = segments();
        assertThat(segments).as("segments in the lake").hasSizeGreaterThanOrEqualTo(3);
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            statement.execute(Files.readString(macros));
            for (String segment : segments) {
                String query = "select metric, labels['instance'], ts, value from weir_samples('" + segment
                        + ".blocks.parquet', '" + segment + ".series.parquet') where metric <> 'other'";
                try (ResultSet rows = statement.executeQuery(query)) {
                    while (rows.next()) {
                        Labels labels = Labels.of("__name__", rows.getString(1), "instance", rows.getString(2));
                        samples.computeIfAbsent(labels, _ -> new TreeMap<>()).put(rows.getLong(3), rows.getDouble(4));
                    }
                }
            }
        }
        TreeMap<Labels, List<String>> texts = new TreeMap<>();
        samples.forEach((labels, values) -> {
            List<String> lines = new ArrayList<>();
            values.forEach((time, value) -> {
                if (!StaleMarker.is(value)) {
                    lines.add(text(time, value));
                }
            });
            texts.put(labels, lines);
        });
        return texts;
    }

    /** Paths without endings, in ascending order of the segments' ids. */
    private List<String> segments() throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("lake"))) {
            return files.map(Path::toString)
                    .filter(path -> path.endsWith(".blocks.parquet"))
                    .map(path -> path.substring(0, path.length() - ".blocks.parquet".length()))
                    .sorted()
                    .toList();
        }
    }
}
