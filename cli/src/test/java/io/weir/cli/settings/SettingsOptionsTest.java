package io.weir.cli.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.cli.Main;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

class SettingsOptionsTest {
    /** A settings record as a module has them. */
    public record Inner(long waitMillis, boolean isEnabled) {}

    /** A settings record with a record in it. */
    public record Outer(int countMax, double share, String name, Path folder, Inner inner) {
        public Outer {
            if (countMax <= 0) {
                throw new IllegalArgumentException("count-max must be positive, not " + countMax);
            }
        }
    }

    private static final Outer DEFAULTS = new Outer(3, 0.5, "x", Path.of("f"), new Inner(10, true));

    private final CommandSpec command = CommandSpec.create();
    private final CommandLine commandLine = new CommandLine(command);

    private SettingsOptions<Outer> options(String... arguments) {
        SettingsOptions<Outer> options = SettingsOptions.add(command, "part", DEFAULTS, "folder");
        commandLine.parseArgs(arguments);
        return options;
    }

    @Test
    void withoutFlagsTheRecordIsTheDefault() {
        assertThat(options().build()).isEqualTo(DEFAULTS);
    }

    @Test
    void flagsAndOverridesReplaceComponentsAtAnyDepth() {
        SettingsOptions<Outer> options =
                options("--part-count-max", "7", "--part-inner-wait-millis", "11", "--part-name", "");
        assertThat(options.build(Map.of("folder", Path.of("g"))))
                .isEqualTo(new Outer(7, 0.5, "", Path.of("g"), new Inner(11, true)));
        assertThat(options.names())
                .containsExactly(
                        "part-count-max", "part-inner-is-enabled", "part-inner-wait-millis", "part-name", "part-share");
    }

    @Test
    void aBareBooleanFlagMeansTrueWhateverTheDefaultIs() {
        assertThat(options("--part-inner-is-enabled").build().inner().isEnabled())
                .isTrue();
    }

    @Test
    void aBooleanCanBeSwitchedOff() {
        assertThat(options("--part-inner-is-enabled=false").build().inner().isEnabled())
                .isFalse();
    }

    @Test
    void whatARecordRefusesIsAWrongUseWithTheRecordsMessage() {
        SettingsOptions<Outer> options = options("--part-count-max", "0");
        assertThatThrownBy(options::build)
                .isInstanceOf(ParameterException.class)
                .hasMessage("count-max must be positive, not 0");
    }

    @Test
    void everySettingIsDescribedAndEveryDescriptionIsUsed() {
        Set<String> described = new TreeSet<>(SettingsDescriptions.load().stringPropertyNames());
        Set<String> used = new TreeSet<>();
        for (CommandLine subcommand : Main.commandLine().getSubcommands().values()) {
            for (OptionSpec option : subcommand.getCommandSpec().options()) {
                if (option.userObject() == null) {
                    used.add(option.longestName().substring(2));
                }
            }
        }
        assertThat(used).hasSizeGreaterThan(100);
        assertThat(described).containsExactlyElementsOf(used);
        SettingsDescriptions.load()
                .forEach((name, text) ->
                        assertThat((String) text).as("%s", name).isNotBlank().doesNotEndWith("."));
    }
}
