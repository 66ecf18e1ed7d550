package io.weir.cli.command;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Gives every option its environment variable: {@code --http-port} is {@code WEIR_HTTP_PORT}. A flag on the command line wins over the
 * variable, the variable over the built-in default. {@code --help} and {@code --version} have none: images often set a WEIR_VERSION.
 */
public final class EnvironmentDefaults implements IDefaultValueProvider {
    private final Map<String, String> environment;

    public EnvironmentDefaults(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /** The variable of an option, by its long name. */
    public static String variableOf(String longName) {
        return "WEIR_" + longName.replaceFirst("^--", "").replace('-', '_').toUpperCase(Locale.ROOT);
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (argument instanceof OptionSpec option
                && option.longestName().startsWith("--")
                && !option.usageHelp()
                && !option.versionHelp()) {
            return environment.get(variableOf(option.longestName()));
        }
        return null;
    }
}
