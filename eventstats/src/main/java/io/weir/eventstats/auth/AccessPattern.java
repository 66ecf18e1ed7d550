package io.weir.eventstats.auth;

import com.google.re2j.Pattern;

/**
 * A regular expression of the access list, in the part of the language that RE2 and PostgreSQL's advanced regular expressions read the same way;
 * it matches a value as a whole.
 *
 * <p>Allowed are characters, {@code .} (any character, a line break, too), {@code \} before a punctuation character of ASCII, brackets of
 * characters and of ranges within {@code 0-9}, {@code A-Z} or {@code a-z}, groups {@code ( )} and {@code (?: )}, {@code |}, and {@code * + ?
 * {m} {m,} {m,n}}, once after what they repeat. A {@code ^} at the start and a {@code $} at the end of a branch outside of groups change nothing
 * and are dropped. Everything else is refused: classes such as {@code \d} and {@code [[:alpha:]]} (PostgreSQL's depend on the locale), anchors
 * elsewhere, flags, back references, lazy and possessive repetition, control characters.
 *
 * <p>Equal if their texts are.
 */
public final class AccessPattern {
    private final String text;
    private final String anchored;
    private final Pattern compiled;

    private AccessPattern(String text, String anchored) {
        this.text = text;
        this.anchored = anchored;
        this.compiled = Pattern.compile(anchored, Pattern.DOTALL);
    }

    /**
     * Reads a pattern.
     *
     * @param charactersMax longest pattern, in UTF-16 units
     * @throws IllegalArgumentException if it is longer or not of the common part of both dialects; the message says where and what to write
     */
    public static AccessPattern parse(String text, int charactersMax) {
        if (text.length() > charactersMax) {
            throw new IllegalArgumentException("the pattern has " + text.length()
                    + " characters, the longest allowed (auth-access-pattern-characters-max) has " + charactersMax);
        }
        return new AccessPattern(text, "^(?:" + AccessPatternParser.canonical(text) + ")$");
    }

    /** As it was written. */
    public String text() {
        return text;
    }

    /** For the right side of PostgreSQL's operator {@code ~}, to be bound as a parameter: anchored at both ends. */
    public String postgres() {
        return anchored;
    }

    /** Whether it matches a value as a whole; PostgreSQL's {@code value ~ postgres()} gives the same answer. */
    public boolean matches(String value) {
        return compiled.matches(value);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AccessPattern that && that.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return text;
    }
}
