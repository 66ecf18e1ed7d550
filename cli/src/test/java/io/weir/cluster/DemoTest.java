package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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

    /** As a terminal does it: the signal goes to the demonstration and to all that it has started. */
    @Test
    void ctrlCOfATerminalEndsItInOrder() throws Exception {
        try (TestingProcess demo = TestingProcess.weir(
                "demo",
                folder.resolve("logs"),
                "demo",
                "--data-dir",
                folder.resolve("data").toString())) {
            await().atMost(Duration.ofMinutes(4)).until(() -> {
                assertThat(demo.isAlive()).as(demo.logTail()).isTrue();
                return demo.logText().contains("Ctrl-C stops everything.");
            });
            List<ProcessHandle> processes = demo.process()
                    .descendants()
                    .filter(it -> it.info().command().orElse("").endsWith("java"))
                    .toList();
            assertThat(processes).hasSizeGreaterThanOrEqualTo(5);
            demo.signal("TERM");
            // Not SIGINT: what a script starts in the background inherits that it is ignored.
            processes.forEach(ProcessHandle::destroy);
            assertThat(demo.awaitExit(Duration.ofMinutes(1))).as(demo.logTail()).isZero();
            assertThat(demo.logText()).doesNotContain("ended on their own");
            assertThat(processes).noneMatch(ProcessHandle::isAlive);
        }
    }
}
