package io.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts {@code weir} and {@code dev/find-jdk}, run as a user runs them. */
class LauncherTest {
    private static final Path ROOT = Path.of(System.getProperty("weir.root"));

    @TempDir
    Path folder;

    private record Outcome(int exitCode, String text) {}

    private static Outcome run(Map<String, String> environment, String script, String... arguments)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(ROOT.resolve(script).toString()).redirectErrorStream(true);
        builder.command().addAll(List.of(arguments));
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Outcome(process.exitValue(), text);
    }

    /** A PATH with what the scripts call, and no Java. */
    private Map<String, String> withoutJava() throws IOException {
        Path tools = Files.createDirectories(folder.resolve("tools"));
        for (String tool : List.of("bash", "env", "dirname", "readlink", "sed", "cat")) {
            for (String place : List.of("/bin", "/usr/bin")) {
                Path program = Path.of(place, tool);
                if (Files.isExecutable(program) && !Files.exists(tools.resolve(tool))) {
                    Files.createSymbolicLink(tools.resolve(tool), program);
                }
            }
        }
        return Map.of("PATH", tools.toString(), "HOME", folder.toString(), "WEIR_JDK_FOLDERS", "");
    }

    private Path jdk(String name, String version) throws IOException {
        Path home = Files.createDirectories(folder.resolve(name));
        Files.createDirectories(home.resolve("bin"));
        for (String tool : List.of("java", "javac")) {
            Path program = Files.writeString(home.resolve("bin").resolve(tool), "#!/bin/sh\n");
            assertThat(program.toFile().setExecutable(true)).isTrue();
        }
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    @Test
    void withoutAJdkItSaysWhatToInstall() throws Exception {
        Outcome outcome = run(withoutJava(), "weir", "--help");
        assertThat(outcome.text())
                .contains("no JDK 25 or newer found")
                .contains("temurin-25-jdk")
                .contains("JAVA_HOME");
        assertThat(outcome.exitCode()).isEqualTo(1);
    }

    @Test
    void theNewestEnoughJdkOfTheFoldersIsFound() throws Exception {
        Path old = jdk("old", "17.0.2");
        Path right = jdk("right", "25.0.1");
        Map<String, String> environment = new java.util.HashMap<>(withoutJava());
        environment.put("JAVA_HOME", old.toString());
        environment.put("WEIR_JDK_FOLDERS", folder.resolve("none") + ":" + old + ":" + right);
        assertThat(run(environment, "dev/find-jdk")).isEqualTo(new Outcome(0, right + "\n"));
    }

    @Test
    void aJdkThatIsTooOldIsNoJdk() throws Exception {
        Map<String, String> environment = new java.util.HashMap<>(withoutJava());
        environment.put("JAVA_HOME", jdk("old", "24").toString());
        Outcome outcome = run(environment, "dev/find-jdk");
        assertThat(outcome.text()).contains("no JDK 25 or newer found");
        assertThat(outcome.exitCode()).isEqualTo(1);
    }
}
