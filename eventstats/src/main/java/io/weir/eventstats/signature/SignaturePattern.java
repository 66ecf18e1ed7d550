package io.weir.eventstats.signature;

import io.weir.eventstats.auth.AccessPattern;
import io.weir.eventstats.database.StorableJson;
import io.weir.eventstats.signal.SignalPhase;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Which failures a signature is about. A part that is null fits every failure; at least one is not.
 *
 * @param phase the failure's phase is this
 * @param errorCode the failure's code is this
 * @param imagePattern found somewhere in the failure's image reference; a regular expression of the part of the language that RE2 and PostgreSQL
 *     read the same way ({@link AccessPattern} has the rules)
 */
public record SignaturePattern(
        @Nullable SignalPhase phase,
        @Nullable String errorCode,
        @Nullable String imagePattern) {
    /** Longest regular expression, in UTF-16 units. */
    public static final int IMAGE_PATTERN_LENGTH_MAX = 256;
    /** Longest error code, in UTF-16 units. */
    public static final int ERROR_CODE_LENGTH_MAX = 256;
    /** Version of {@link #hash}. */
    public static final int VERSION = 1;

    /** @throws IllegalArgumentException if it fits everything, or a part is not valid; the message names the part */
    public SignaturePattern {
        if (phase == null && errorCode == null && imagePattern == null) {
            throw new IllegalArgumentException(
                    "pattern must have at least one of phase, error_code, image_pattern: an empty one fits everything");
        }
        if (errorCode != null
                && (errorCode.isEmpty()
                        || errorCode.length() > ERROR_CODE_LENGTH_MAX
                        || !StorableJson.isStorable(errorCode))) {
            throw new IllegalArgumentException(
                    "pattern.error_code must have 1 to " + ERROR_CODE_LENGTH_MAX + " characters, without NUL");
        }
        if (imagePattern != null) {
            checkImagePattern(imagePattern);
        }
    }

    private static void checkImagePattern(String imagePattern) {
        if (imagePattern.isEmpty() || imagePattern.length() > IMAGE_PATTERN_LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "pattern.image_pattern must have 1 to " + IMAGE_PATTERN_LENGTH_MAX + " characters");
        }
        try {
            AccessPattern.parse(imagePattern, IMAGE_PATTERN_LENGTH_MAX);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "pattern.image_pattern is no regular expression that can be matched here: " + e.getMessage(), e);
        }
    }

    /** Canonical JSON as RFC 8785 has it for these keys: sorted, no spaces, only the escapes that are needed. */
    public String canonical() {
        StringBuilder json = new StringBuilder("{");
        member(json, "error_code", errorCode);
        member(json, "image_pattern", imagePattern);
        member(json, "phase", phase == null ? null : phase.text());
        return json.append('}').toString();
    }

    /** SHA-256 of the canonical JSON in UTF-8, in hex. */
    public String hash() {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256")
                            .digest(canonical().getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static void member(StringBuilder json, String name, @Nullable String value) {
        if (value == null) {
            return;
        }
        if (json.length() > 1) {
            json.append(',');
        }
        json.append('"').append(name).append("\":\"");
        for (int i = 0; i < value.length(); i++) {
            character(json, value.charAt(i));
        }
        json.append('"');
    }

    private static void character(StringBuilder json, char character) {
        switch (character) {
            case '"' -> json.append("\\\"");
            case '\\' -> json.append("\\\\");
            case '\b' -> json.append("\\b");
            case '\f' -> json.append("\\f");
            case '\n' -> json.append("\\n");
            case '\r' -> json.append("\\r");
            case '\t' -> json.append("\\t");
            default -> {
                if (character < ' ') {
                    json.append(HexFormat.of().toHexDigits(character).transform("\\u"::concat));
                } else {
                    json.append(character);
                }
            }
        }
    }
}
