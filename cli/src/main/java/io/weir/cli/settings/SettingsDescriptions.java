package io.weir.cli.settings;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Properties;

/** What each setting means, in one sentence, from {@code settings.properties}. */
public final class SettingsDescriptions {
    private SettingsDescriptions() {}

    public static Properties load() {
        Properties properties = new Properties();
        try (InputStream stream = SettingsDescriptions.class.getResourceAsStream("/settings.properties")) {
            properties.load(Objects.requireNonNull(stream, "settings.properties is missing from the jar"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties;
    }
}
