package io.weir.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.cli.Main;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class EnvironmentDefaultsTest {
    private static OptionSpec parsed(Map<String, String> environment, String option, String... arguments) {
        CommandLine weir = Main.commandLine().setDefaultValueProvider(new EnvironmentDefaults(environment));
        weir.parseArgs(arguments);
        CommandLine command = Objects.requireNonNull(weir.getSubcommands().get(arguments[0]));
        return command.getCommandSpec().findOption(option);
    }

    @Test
    void namesTheVariableOfAnOption() {
        assertThat(EnvironmentDefaults.variableOf("--http-port")).isEqualTo("WEIR_HTTP_PORT");
        assertThat(EnvironmentDefaults.variableOf("--query-timeout-millis-max"))
                .isEqualTo("WEIR_QUERY_TIMEOUT_MILLIS_MAX");
    }

    @Test
    void theFlagWinsOverTheVariableAndTheVariableOverTheDefault() {
        assertThat((Integer) parsed(Map.of(), "--http-port", "standalone").getValue())
                .isEqualTo(8080);
        Map<String, String> environment = Map.of("WEIR_HTTP_PORT", "9001");
        assertThat((Integer) parsed(environment, "--http-port", "standalone").getValue())
                .isEqualTo(9001);
        assertThat((Integer) parsed(environment, "--http-port", "standalone", "--http-port", "9002")
                        .getValue())
                .isEqualTo(9002);
    }

    @Test
    void aVariableFulfillsARequiredOption() {
        Map<String, String> environment = Map.of("WEIR_LAKE", "s3://bucket/prefix");
        assertThat((String) parsed(environment, "--lake", "worker").getValue()).isEqualTo("s3://bucket/prefix");
    }

    @Test
    void versionAndHelpHaveNoVariable() {
        Map<String, String> environment = Map.of("WEIR_VERSION", "1.2.3", "WEIR_HELP", "please");
        assertThat((Integer) parsed(environment, "--http-port", "standalone").getValue())
                .isEqualTo(8080);
    }

    @Test
    void noTwoOptionsOfACommandShareAVariable() {
        Main.commandLine().getSubcommands().forEach((name, command) -> {
            Map<String, String> byVariable = new HashMap<>();
            Set<String> clashes = new HashSet<>();
            for (OptionSpec option : command.getCommandSpec().options()) {
                if (byVariable.put(EnvironmentDefaults.variableOf(option.longestName()), option.longestName())
                        != null) {
                    clashes.add(option.longestName());
                }
            }
            assertThat(clashes).as(name).isEmpty();
        });
    }
}
