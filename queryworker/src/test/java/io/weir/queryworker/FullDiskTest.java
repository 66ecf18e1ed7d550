package io.weir.queryworker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that is really full: the scenario runs in a process with its own mounts, on a file system of 48 MiB; needs no root. */
@Tag("slow")
final class FullDiskTest {
    private static final int SCENARIO_SECONDS_MAX = 240;

    @TempDir
    Path folder;

    @Test
    void aFullDiskIsRefusedAndTheWorkerWaitsForRoom() throws Exception {
        Path mount = Files.createDirectory(folder.resolve("mount"));
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder(List.of(
                        "unshare",
                        "--user",
                        "--map-root-user",
                        "--mount",
                        "sh",
                        "-c",
                        "mount -t tmpfs -o size=48m tmpfs \"$1\" && shift && exec \"$@\"",
                        "scenario",
                        mount.toString(),
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FullDiskScenario.class.getName(),
                        mount.toString()))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(process.waitFor(SCENARIO_SECONDS_MAX, TimeUnit.SECONDS))
                    .as("it ends; it said: %s", Files.readString(log))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        assertThat(Files.readString(log)).contains("scenario complete");
    }
}
