package io.weir.ingest.testkit;

import io.weir.ingest.flush.FlushSettings;
import io.weir.ingest.http.IngestSettings;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** An ingester in a process of its own, which a test can kill. */
public final class TestingIngestProcess implements AutoCloseable {
    private static final String PORT_LINE = "PORT ";

    private final Process process;
    private final int port;

    private TestingIngestProcess(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** The process: arguments are the catalog's URL, the lake's folder and the data folder. */
    public static void main(String[] arguments) throws Exception {
        TestingLake lake = TestingLake.open(arguments[0], Path.of(arguments[1]));
        IngestSettings defaults = IngestSettings.defaults(Path.of(arguments[2]));
        IngestSettings settings = defaults.withFlush(FlushSettings.defaults().withIntervalMillis(150))
                .withCompaction(defaults.compaction().withTimes(200, 1_000).withSegments(3, 8));
        TestingIngest ingest = TestingIngest.start(settings, lake);
        System.out.println(PORT_LINE + ingest.port());
        // Ends when the parent does, however that ends.
        while (System.in.read() >= 0) {
            Thread.onSpinWait();
        }
        ingest.close();
    }

    public static TestingIngestProcess start(TestingLake lake, Path dataDir) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                TestingIngestProcess.class.getName(),
                lake.jdbcUrl(),
                lake.folder().toString(),
                dataDir.toString());
        builder.redirectError(new File(dataDir + ".stderr"));
        Process process = builder.start();
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith(PORT_LINE)) {
                return new TestingIngestProcess(process, Integer.parseInt(line.substring(PORT_LINE.length())));
            }
        }
        throw new IOException("the ingester did not start, see " + dataDir + ".stderr");
    }

    public int port() {
        return port;
    }

    /** kill -9. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor(30, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
