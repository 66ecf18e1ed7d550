package io.weir.lake.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Proves that the Parquet classes write and read exact values, and need no Hadoop at run time. */
final class ParquetWithoutHadoopTest {
    @TempDir
    Path folder;

    @Test
    void roundTripsEveryKindOfColumn() throws IOException {
        Path file = folder.resolve("a.parquet");
        TestingParquetRoundTrip.write(file, 5_000);
        TestingParquetRoundTrip.verify(file, 5_000);
    }

    @Test
    void roundTripsAnEmptyFile() throws IOException {
        Path file = folder.resolve("empty.parquet");
        TestingParquetRoundTrip.write(file, 0);
        TestingParquetRoundTrip.verify(file, 0);
    }

    @Test
    void runsInAJvmWithoutHadoop() throws Exception {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("hadoop-client"))
                .collect(Collectors.joining(File.pathSeparator));
        assertThat(classPath)
                .isNotEqualTo(System.getProperty("java.class.path"))
                .contains("parquet-hadoop");
        Path output = folder.resolve("out.txt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-cp",
                        classPath,
                        TestingParquetRoundTrip.class.getName(),
                        folder.resolve("b.parquet").toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(60, TimeUnit.SECONDS);
        process.destroyForcibly();
        assertThat(Files.readString(output)).contains("round trip good");
        assertThat(ended).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    @Test
    void duckDbReadsTheSameBits() throws Exception {
        Path file = folder.resolve("c.parquet");
        TestingParquetRoundTrip.write(file, 3_000);
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("select i, d, octet_length(b), s, labels from '" + file + "'")) {
            int row = 0;
            while (rows.next()) {
                assertThat(rows.getInt(1)).isEqualTo(row);
                assertThat(Double.doubleToRawLongBits(rows.getDouble(2)))
                        .isEqualTo(TestingParquetRoundTrip.NASTY[row % TestingParquetRoundTrip.NASTY.length]);
                assertThat(rows.getInt(3)).isEqualTo(row % 10);
                assertThat(rows.getString(4)).isEqualTo("s" + row % 7);
                row++;
            }
            assertThat(row).isEqualTo(3_000);
        }
    }

    @Test
    void damagedFilesAreErrors() throws IOException {
        Path file = folder.resolve("d.parquet");
        TestingParquetRoundTrip.write(file, 2_000);
        byte[] good = Files.readAllBytes(file);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int failed = 0;
        for (int round = 0; round < 40; round++) {
            byte[] bad = good.clone();
            bad[4 + random.nextInt(good.length * 9 / 10)] ^= (byte) (1 << random.nextInt(8));
            Path damaged = folder.resolve("damaged" + round);
            Files.write(damaged, bad);
            try {
                TestingParquetRoundTrip.verify(damaged, 2_000);
            } catch (IOException | IllegalStateException e) {
                failed++;
            }
        }
        // Only a bit in the parts of a page header that nobody needs may go unnoticed.
        assertThat(failed).as("seed %d", seed).isGreaterThan(25);
    }

    @Test
    void rowGroupsEndAtTheLimitOfBytes() throws IOException {
        Path file = folder.resolve("f.parquet");
        MessageType schema = MessageTypeParser.parseMessageType("message m { required binary b; }");
        ParquetWriteSettings settings =
                new ParquetWriteSettings(1_000_000, 100_000, 1 << 20, 20_000, Set.of(), Set.of("b"));
        byte[] bytes = new byte[1_000];
        try (ParquetTableWriter writer = ParquetTableWriter.create(file, schema, settings)) {
            for (int row = 0; row < 1_000; row++) {
                writer.column("b").putBytes(bytes, 0, bytes.length);
                writer.endRow();
            }
            writer.finish(Map.of());
        }
        try (ParquetTableReader reader = ParquetTableReader.open(file)) {
            assertThat(reader.rowCount()).isEqualTo(1_000);
            // The bytes are looked at every 64 rows only: 128 rows are the first multiple above the limit.
            assertThat(reader.rowCount(0)).isEqualTo(128);
        }
    }

    @Test
    void tellsWhatIsNotParquet() throws IOException {
        Path file = folder.resolve("e.parquet");
        Files.write(file, "not parquet at all, sorry".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> ParquetTableReader.open(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("e.parquet");
        assertThatThrownBy(() -> ParquetTableReader.open(folder.resolve("none")))
                .isInstanceOf(NoSuchFileException.class);
    }
}
