package io.weir.cli.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process whose hosts file changes while it runs. */
class NameCacheTest {
    @TempDir
    private Path directory;

    /** Says what the name resolves to, each time it is asked. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws IOException {
            NameCache.limit();
            try (BufferedReader questions = new BufferedReader(
                    new java.io.InputStreamReader(System.in, java.nio.charset.StandardCharsets.UTF_8))) {
                for (String name = questions.readLine(); name != null; name = questions.readLine()) {
                    try {
                        System.out.println(InetAddress.getByName(name).getHostAddress());
                    } catch (UnknownHostException unknown) {
                        System.out.println("unknown");
                    }
                }
            }
        }
    }

    private static String ask(BufferedWriter questions, BufferedReader answers) throws IOException {
        questions.write("worker-a.example\n");
        questions.flush();
        return String.valueOf(answers.readLine());
    }

    private static void awaitAnswer(BufferedWriter questions, BufferedReader answers, String wanted)
            throws IOException, InterruptedException {
        long before = System.nanoTime();
        String answer = ask(questions, answers);
        while (!answer.equals(wanted) && System.nanoTime() - before < TimeUnit.SECONDS.toNanos(8)) {
            Thread.sleep(50);
            answer = ask(questions, answers);
        }
        // Java's own limits are 30 s for what was found and 10 s for what was not.
        assertThat(answer).isEqualTo(wanted);
    }

    @Test
    void aChangedAddressIsSeenWithinSeconds() throws Exception {
        Path hosts = directory.resolve("hosts");
        Files.writeString(hosts, "127.0.0.1 other.example\n");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "-Djdk.net.hosts.file=" + hosts,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName())
                .redirectErrorStream(true)
                .start();
        try (BufferedWriter questions = process.outputWriter();
                BufferedReader answers = process.inputReader()) {
            assertThat(ask(questions, answers)).isEqualTo("unknown");
            Files.writeString(hosts, "127.0.0.1 worker-a.example\n");
            awaitAnswer(questions, answers, "127.0.0.1");
            Files.writeString(hosts, "127.0.0.2 worker-a.example\n");
            awaitAnswer(questions, answers, "127.0.0.2");
        } finally {
            process.destroyForcibly();
        }
    }
}
