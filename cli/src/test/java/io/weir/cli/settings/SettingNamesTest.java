package io.weir.cli.settings;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.cli.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Error messages name settings; whoever reads one must find the flag of that name. */
final class SettingNamesTest {
    private static final Pattern NAMED = Pattern.compile(
            "\\b((?:background|query|http|ingest|autoscale|worker|control|discovery|fetch|scheduling|heartbeat|shutdown|db|tracing|auth|stats|signal|telemetry|history|precompute|collector)(?:-[a-z]+)*-(?:max|min|millis|bytes))\\b");

    @Test
    void everySettingThatAMessageNamesIsAFlag() throws IOException {
        Set<String> flags = flags();
        Set<String> named = new TreeSet<>();
        try (Stream<Path> sources = Files.walk(Path.of("").toAbsolutePath().getParent(), 12)) {
            for (Path source : sources.filter(SettingNamesTest::isMainSource).toList()) {
                for (String line : Files.readAllLines(source)) {
                    Matcher matcher = NAMED.matcher(line);
                    while (line.contains("\"") && matcher.find()) {
                        named.add(matcher.group(1));
                    }
                }
            }
        }
        assertThat(named).hasSizeGreaterThan(30);
        assertThat(flags).containsAll(named);
    }

    @Test
    void everyDescribedSettingIsAFlagAndNoFlagIsThereTwice() {
        Properties described = SettingsDescriptions.load();
        assertThat(flags()).containsAll(described.stringPropertyNames());
        assertThat(flags())
                .filteredOn(flag -> flag.contains("-limits-"))
                .as("limits have a prefix of their own")
                .isEmpty();
    }

    private static boolean isMainSource(Path file) {
        return file.toString().endsWith(".java") && file.toString().contains("/src/main/java/");
    }

    private static Set<String> flags() {
        Set<String> flags = new TreeSet<>();
        Main.commandLine()
                .getSubcommands()
                .values()
                .forEach(command -> command.getCommandSpec()
                        .options()
                        .forEach(option -> flags.add(option.longestName().replaceFirst("^-+", ""))));
        return flags;
    }
}
