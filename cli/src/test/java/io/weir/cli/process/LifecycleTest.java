package io.weir.cli.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.proto.shutdown.BoundedClose;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LifecycleTest {
    /** Lives until a signal; the argument says how its closing goes. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws Exception {
            Lifecycle lifecycle = Lifecycle.install();
            System.out.println("ready");
            lifecycle.await();
            System.out.println("stopping " + lifecycle.isStopping());
            switch (arguments[0]) {
                case "quick" -> Lifecycle.closeWithin(Duration.ofSeconds(60), () -> System.out.println("closed"));
                case "stuck" -> Lifecycle.closeWithin(Duration.ofSeconds(60), () -> Thread.sleep(60_000));
                case "limited" -> Lifecycle.closeWithin(Duration.ofMillis(100), () -> Thread.sleep(60_000));
                case "hanging-part" -> {
                    BoundedClose parts = new BoundedClose();
                    parts.add(() -> System.out.println("first closed"));
                    parts.add(() -> Thread.sleep(60_000));
                    Lifecycle.closeWithin(
                            Duration.ofSeconds(60), () -> System.out.println("clean " + parts.close(100)));
                    System.exit(1);
                }
                case "failing" -> {
                    try {
                        Lifecycle.closeWithin(Duration.ofMillis(500), () -> {
                            throw new IllegalStateException("a defect");
                        });
                    } catch (IllegalStateException defect) {
                        System.out.println("failed");
                        // Longer than the limit: the watchdog must be gone.
                        Thread.sleep(1_500);
                        System.exit(3);
                    }
                }
                default -> throw new IllegalArgumentException(arguments[0]);
            }
            System.exit(0);
        }
    }

    private static Process start(String closing) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        closing)
                .redirectErrorStream(true)
                .start();
    }

    private static void awaitLine(BufferedReader reader, String line) throws IOException {
        String read = reader.readLine();
        while (read != null && !read.equals(line)) {
            read = reader.readLine();
        }
        assertThat(read).isEqualTo(line);
    }

    private static int exitCode(Process process) throws InterruptedException {
        try {
            assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void aSignalClosesAndExitsWith0() throws Exception {
        Process process = start("quick");
        try (BufferedReader reader = process.inputReader()) {
            awaitLine(reader, "ready");
            process.toHandle().destroy();
            awaitLine(reader, "stopping true");
            awaitLine(reader, "closed");
            assertThat(exitCode(process)).isZero();
        }
    }

    @Test
    void aSecondSignalEndsAtOnceWith1() throws Exception {
        Process process = start("stuck");
        try (BufferedReader reader = process.inputReader()) {
            awaitLine(reader, "ready");
            process.toHandle().destroy();
            awaitLine(reader, "stopping true");
            process.toHandle().destroy();
            assertThat(exitCode(process)).isEqualTo(1);
        }
    }

    @Test
    void closingHasALimit() throws Exception {
        Process process = start("limited");
        try (BufferedReader reader = process.inputReader()) {
            awaitLine(reader, "ready");
            process.toHandle().destroy();
            assertThat(exitCode(process)).isEqualTo(1);
        }
    }

    @Test
    void aPartThatHangsIsLeftBehindTheOthersEndAndTheProcessSaysSo() throws Exception {
        Process process = start("hanging-part");
        try (BufferedReader reader = process.inputReader()) {
            awaitLine(reader, "ready");
            process.toHandle().destroy();
            awaitLine(reader, "first closed");
            awaitLine(reader, "clean false");
            assertThat(exitCode(process)).isEqualTo(1);
        }
    }

    @Test
    void aCloseThatFailsEndsTheWatchToo() throws Exception {
        Process process = start("failing");
        try (BufferedReader reader = process.inputReader()) {
            awaitLine(reader, "ready");
            process.toHandle().destroy();
            awaitLine(reader, "failed");
            assertThat(exitCode(process)).isEqualTo(3);
        }
    }
}
