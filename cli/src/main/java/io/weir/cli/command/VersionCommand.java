package io.weir.cli.command;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Properties;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** Prints the version. */
@Command(name = "version", mixinStandardHelpOptions = true, description = "Print the version.")
public final class VersionCommand implements Runnable {
    @Override
    public void run() {
        System.out.println(text());
    }

    static String text() {
        Properties properties = new Properties();
        try (InputStream stream = VersionCommand.class.getResourceAsStream("/weir-version.properties")) {
            properties.load(Objects.requireNonNull(stream, "weir-version.properties is missing from the jar"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return "weir " + properties.getProperty("version") + " (Java " + Runtime.version() + ")";
    }

    /** Feeds {@code --version}. */
    public static final class Provider implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {text()};
        }
    }
}
