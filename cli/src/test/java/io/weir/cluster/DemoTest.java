package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demonstration runs to its end by itself and shows its three answers. */
@Tag("slow")
class DemoTest {
    @TempDir
    private Path folder;

    @Test
    void demoOnce() throws Exception {
        try (TestingProcess demo = TestingProcess.weir(
                "demo",
                folder.resolve("logs"),
                "demo",
                "--once",
                "--data-dir",
                folder.resolve("data").toString())) {
            assertThat(demo.process().waitFor(4, TimeUnit.MINUTES))
                    .as("ended in time")
                    .isTrue();
            String output = demo.logText();
            assertThat(demo.process().exitValue()).as(output).isZero();
            assertThat(output)
                    .contains(
                            "samples, all durable",
                            "Orders per minute by region",
                            "This machine now",
                            "/api/v1/query?query=up")
                    .containsPattern(
                            "the ordinary way [0-9.]+ ms; from job \\S+ [0-9.]+ ms, \\d+ s old, error bound relative"
                                    + " 0.01")
                    .containsPattern("3 series, 4\\d\\d points")
                    .contains("━ {region=\"eu\"}", "━ {cpu=\"0\"}");
        }
    }
}
