package io.weir.eventstats.auth;

/**
 * Where the access list comes from.
 *
 * @param file JSON file of who may read which topic; empty for nobody
 * @param pollIntervalMillis how often the file is looked at for changes
 * @param fileBytesMax longest file
 * @param patternCharactersMax longest pattern in it
 */
public record AccessSettings(String file, long pollIntervalMillis, int fileBytesMax, int patternCharactersMax) {
    public static final AccessSettings DEFAULT = new AccessSettings("", 5_000, 1_048_576, 256);

    public AccessSettings {
        if (pollIntervalMillis < 1) {
            throw new IllegalArgumentException("auth-access-poll-interval-millis must be at least 1");
        }
        if (fileBytesMax < 1 || fileBytesMax > 1 << 28) {
            throw new IllegalArgumentException("auth-access-file-bytes-max must be from 1 to " + (1 << 28));
        }
        if (patternCharactersMax < 1) {
            throw new IllegalArgumentException("auth-access-pattern-characters-max must be at least 1");
        }
    }

    /** As this, with another file. */
    public AccessSettings withFile(String otherFile) {
        return new AccessSettings(otherFile, pollIntervalMillis, fileBytesMax, patternCharactersMax);
    }
}
