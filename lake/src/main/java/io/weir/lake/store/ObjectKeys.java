package io.weir.lake.store;

import java.nio.charset.StandardCharsets;

/** The rules of object keys, the same for every store: what a folder or S3 would take differently is refused. */
final class ObjectKeys {
    /** S3's limit. */
    static final int KEY_BYTES_MAX = 1024;

    private ObjectKeys() {}

    /** The key, if it is one; an {@link IllegalArgumentException} otherwise. */
    static String check(String key) {
        if (key.isEmpty() || key.getBytes(StandardCharsets.UTF_8).length > KEY_BYTES_MAX) {
            throw new IllegalArgumentException("an object key has 1 to " + KEY_BYTES_MAX + " bytes: " + key);
        }
        for (String part : key.split("/", -1)) {
            boolean hidden = part.startsWith(".");
            if (part.isEmpty() || hidden || part.indexOf('\\') >= 0 || part.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("no object key: \"" + key
                        + "\"; between slashes there must be names that do not start with a dot and have no backslash");
            }
        }
        return key;
    }
}
