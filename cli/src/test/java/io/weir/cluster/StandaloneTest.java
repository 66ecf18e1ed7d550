package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.cli.process.Ports;
import io.weir.proto.remote.v1.WriteRequest;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Standalone stops in time, and a second start on its folder has all data: after SIGTERM and after kill -9. */
@Tag("slow")
class StandaloneTest {
    private static final long TIME = 1_780_000_000_000L;

    @TempDir
    private Path folder;

    @Test
    void aSecondStartHasAllData() throws Exception {
        int port = Ports.free();
        TestingClient client = new TestingClient(URI.create("http://127.0.0.1:" + port), "acme");
        try (TestingProcess first = start(port)) {
            write(client, 1);
            client.flush();
            assertThat(values(client)).isEqualTo("1");
            write(client, 2);
            assertThat(first.stop(Duration.ofSeconds(10)))
                    .as("exit code after SIGTERM")
                    .isZero();
        }
        try (TestingProcess second = start(port)) {
            assertThat(values(client)).as("flushed by the stop").isEqualTo("1 2");
            write(client, 3);
            second.kill();
        }
        try (TestingProcess third = start(port)) {
            client.flush();
            assertThat(values(client)).as("acknowledged before kill -9").isEqualTo("1 2 3");
            assertThat(third.process().isAlive()).isTrue();
        }
    }

    private TestingProcess start(int port) throws Exception {
        return TestingProcess.weir(
                        "standalone",
                        folder.resolve("logs"),
                        "standalone",
                        "--data-dir",
                        folder.resolve("data").toString(),
                        "--http-port",
                        "" + port)
                .awaitReady(URI.create("http://127.0.0.1:" + port + "/readyz"));
    }

    private static void write(TestingClient client, int value) throws Exception {
        WriteRequest request = WriteRequest.newBuilder()
                .addTimeseries(TestingClient.series("kept").addSamples(TestingClient.sample(TIME + value, value)))
                .build();
        assertThat(client.write(request).statusCode()).isBetween(200, 299);
    }

    private static String values(TestingClient client) throws Exception {
        StringBuilder values = new StringBuilder();
        for (JsonNode series : client.json(client.instantPath("kept[1m]", TIME / 1000.0 + 10))
                .path("data")
                .path("result")) {
            for (JsonNode sample : series.path("values")) {
                values.append(values.isEmpty() ? "" : " ").append(sample.get(1).asText());
            }
        }
        return values.toString();
    }
}
