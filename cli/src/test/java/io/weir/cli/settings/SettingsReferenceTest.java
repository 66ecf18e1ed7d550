package io.weir.cli.settings;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.cli.Main;
import io.weir.cli.command.EnvironmentDefaults;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** {@code docs/settings.md} lists every option. {@code -Dweir.docs.write=true} writes it anew. */
class SettingsReferenceTest {
    private static final Path FILE = Path.of(System.getProperty("weir.root"), "docs", "settings.md");

    private record Row(OptionSpec option, TreeSet<String> commands, TreeSet<String> defaults) {}

    @Test
    void theReferenceIsUpToDate() throws IOException {
        String expected = render();
        if (Boolean.getBoolean("weir.docs.write")) {
            Files.writeString(FILE, expected);
        }
        assertThat(Files.readString(FILE))
                .as("run this test with -Dweir.docs.write=true, then commit docs/settings.md")
                .isEqualTo(expected);
    }

    private static String render() {
        Map<String, Row> rows = new TreeMap<>();
        for (Map.Entry<String, CommandLine> command :
                Main.commandLine().getSubcommands().entrySet()) {
            for (OptionSpec option : command.getValue().getCommandSpec().options()) {
                // Settings have no field of their own; the few other options are explained by --help.
                if (option.userObject() == null) {
                    Row row = rows.computeIfAbsent(
                            option.longestName(), name -> new Row(option, new TreeSet<>(), new TreeSet<>()));
                    row.commands().add(command.getKey());
                    row.defaults().add(String.valueOf(option.defaultValue()));
                }
            }
        }
        StringBuilder text = new StringBuilder("""
            # Settings

            Generated from the commands by `SettingsReferenceTest`; do not edit. Every option is also an environment variable: `--http-port` is
            `WEIR_HTTP_PORT`. A flag wins over the variable, the variable over the default. Sizes are bytes, times milliseconds.

            | option | default | meaning | commands |
            |---|---|---|---|
            """);
        List<Map.Entry<String, Row>> sorted = new ArrayList<>(rows.entrySet());
        sorted.sort(Comparator.comparing(Map.Entry::getKey));
        for (Map.Entry<String, Row> entry : sorted) {
            String meaning = String.join(" ", entry.getValue().option().description())
                    .replace(" (default ${DEFAULT-VALUE}).", "")
                    .replace("|", "\\|");
            String defaults = String.join(" / ", entry.getValue().defaults());
            text.append("| `").append(entry.getKey()).append("` | ");
            text.append(defaults.isEmpty() ? "(empty)" : "`" + defaults + "`");
            text.append(" | ").append(meaning).append(" | ");
            text.append(String.join(", ", entry.getValue().commands())).append(" |\n");
        }
        assertThat(EnvironmentDefaults.variableOf("--http-port")).isEqualTo("WEIR_HTTP_PORT");
        return text.toString();
    }
}
