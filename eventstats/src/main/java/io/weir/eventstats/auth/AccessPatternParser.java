package io.weir.eventstats.auth;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads one pattern of an access list and writes it anew with only what RE2 and PostgreSQL understand the same way: a parser by recursive descent
 * that bounds the pattern's size with its repetitions written out, as both engines write them out.
 */
final class AccessPatternParser {
    /** PostgreSQL's bound of a repetition count. */
    private static final int REPEAT_MAX = 255;
    /**
     * Characters and brackets with repetitions written out. PostgreSQL takes 44 ms to compile 255 optional characters, 1.9 s for 510 (decision 0015);
     * RE2's own bound is 1000.
     */
    private static final int EXPANDED_MAX = 256;

    private static final String SPECIAL = "\\.[](){}*+?|^$";
    private static final Pattern REPETITION = Pattern.compile("\\{(\\d{1,3})(,(\\d{1,3})?)?}");

    private final String text;
    private final StringBuilder canonical = new StringBuilder();
    private int position;
    private int depth;

    private AccessPatternParser(String text) {
        this.text = text;
    }

    /** @throws IllegalArgumentException if the pattern is not of the common part of both dialects */
    static String canonical(String text) {
        AccessPatternParser parser = new AccessPatternParser(text);
        parser.alternatives();
        if (parser.position < text.length()) {
            throw parser.refusal("')' closes no group; write \\) for the character");
        }
        return parser.canonical.toString();
    }

    /** Branches up to the end of the group or of the pattern; returns their size. */
    private int alternatives() {
        int size = branch();
        while (at('|')) {
            canonical.append('|');
            position++;
            size = bounded((long) size + branch());
        }
        return size;
    }

    private int branch() {
        if (depth == 0 && at('^')) {
            position++;
        }
        long size = 0;
        while (position < text.length() && !at('|') && !at(')') && !endsBranchWithDollar()) {
            size = bounded(size + repeated(atom()));
        }
        if (endsBranchWithDollar()) {
            position++;
        }
        return Math.max(1, bounded(size));
    }

    private boolean endsBranchWithDollar() {
        return depth == 0 && at('$') && (position + 1 == text.length() || text.charAt(position + 1) == '|');
    }

    private int atom() {
        int character = text.codePointAt(position);
        switch (character) {
            case '(' -> {
                return group();
            }
            case '[' -> {
                bracket();
                return 1;
            }
            case '.' -> {
                canonical.append('.');
                position++;
                return 1;
            }
            case '\\' -> {
                literal(escaped());
                return 1;
            }
            case '*', '+', '?', '{' ->
                throw refusal("there is nothing to repeat before '" + (char) character + "'; write \\"
                        + (char) character + " for the character");
            case '^', '$' ->
                throw refusal("'" + (char) character + "' may only stand at the " + (character == '^' ? "start" : "end")
                        + " of the pattern, where it is not needed; write \\" + (char) character
                        + " for the character");
            case ']', '}' ->
                throw refusal("'" + (char) character + "' closes nothing; write \\" + (char) character
                        + " for the character");
            default -> {
                literal(plain(character));
                return 1;
            }
        }
    }

    private int group() {
        position++;
        if (text.startsWith("?:", position)) {
            position += 2;
        } else if (at('?')) {
            throw refusal("of groups with '(?' only (?: ) is allowed");
        }
        canonical.append("(?:");
        depth++;
        int size = alternatives();
        depth--;
        if (!at(')')) {
            throw refusal("a group is not closed");
        }
        position++;
        canonical.append(')');
        return size;
    }

    /** What follows an atom of a size: nothing, or one repetition; returns the size with it. */
    private int repeated(int size) {
        if (!repeatsHere()) {
            return size;
        }
        int result = size;
        if (at('{')) {
            result = bounded((long) size * counted());
        } else {
            canonical.append(text.charAt(position));
            position++;
        }
        if (repeatsHere()) {
            throw refusal(
                    "a repetition cannot follow another one, also not to make it lazy; put a group around the first");
        }
        return result;
    }

    private boolean repeatsHere() {
        return position < text.length() && "*+?{".indexOf(text.charAt(position)) >= 0;
    }

    /** Reads {@code {m}}, {@code {m,}} or {@code {m,n}}; returns how often the atom is written out. */
    private int counted() {
        Matcher repetition = REPETITION.matcher(text).region(position, text.length());
        if (!repetition.lookingAt()) {
            throw refusal("'{' must begin {m}, {m,} or {m,n}; write \\{ for the character");
        }
        int least = Integer.parseInt(repetition.group(1));
        int most = repetition.group(2) == null
                ? least
                : repetition.group(3) == null ? least + 1 : Integer.parseInt(repetition.group(3));
        if (most > REPEAT_MAX || least > most) {
            throw refusal(
                    "the counts of a repetition must be from 0 to " + REPEAT_MAX + ", the first not above the second");
        }
        canonical.append(repetition.group());
        position = repetition.end();
        return Math.max(1, most);
    }

    private void bracket() {
        canonical.append('[');
        position++;
        if (at('^')) {
            canonical.append('^');
            position++;
        }
        int members = 0;
        while (position < text.length() && (!at(']') || members == 0)) {
            member(members == 0);
            members++;
        }
        if (!at(']')) {
            throw refusal("a bracket is not closed");
        }
        position++;
        canonical.append(']');
    }

    private void member(boolean first) {
        int character = text.codePointAt(position);
        if (character == ']' || character == '[') {
            throw refusal("write \\" + (char) character
                    + " for the character within brackets; classes such as [:alpha:] are" + " not allowed");
        }
        boolean edge = first || (position + 1 < text.length() && text.charAt(position + 1) == ']');
        if (character == '-' && !edge) {
            throw refusal("'-' must be between two characters of a range, first, last, or written \\-");
        }
        int start = character == '\\' ? escaped() : plain(character);
        boolean range = at('-') && position + 1 < text.length() && text.charAt(position + 1) != ']' && character != '-';
        if (!range) {
            bracketed(start);
            return;
        }
        position++;
        int end = at('\\') ? escaped() : plain(text.codePointAt(position));
        if (start > end || kind(start) == 0 || kind(start) != kind(end)) {
            throw refusal("a range must lie within 0-9, A-Z or a-z, its start not after its end");
        }
        canonical.append((char) start).append('-').append((char) end);
    }

    private static int kind(int character) {
        if (character >= '0' && character <= '9') {
            return 1;
        }
        if (character >= 'A' && character <= 'Z') {
            return 2;
        }
        return character >= 'a' && character <= 'z' ? 3 : 0;
    }

    /** Passes a {@code \} and what it escapes. */
    private int escaped() {
        if (position + 1 == text.length()) {
            throw refusal("'\\' at the end escapes nothing");
        }
        char character = text.charAt(position + 1);
        boolean punctuation = character > ' ' && character < 0x7f && kind(character) == 0;
        if (!punctuation) {
            throw refusal(
                    "'\\' may only stand before a punctuation character; write [0-9] for \\d and [A-Za-z0-9_] for \\w");
        }
        position += 2;
        return character;
    }

    /** Passes a character that stands for itself. */
    private int plain(int character) {
        boolean surrogate = character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE;
        if (Character.isISOControl(character) || surrogate) {
            throw refusal("control characters and halves of surrogate pairs are not allowed");
        }
        position += Character.charCount(character);
        return character;
    }

    private void literal(int character) {
        if (SPECIAL.indexOf(character) >= 0) {
            canonical.append('\\');
        }
        canonical.appendCodePoint(character);
    }

    private void bracketed(int character) {
        if ("\\[]^-".indexOf(character) >= 0) {
            canonical.append('\\');
        }
        canonical.appendCodePoint(character);
    }

    private boolean at(char character) {
        return position < text.length() && text.charAt(position) == character;
    }

    private int bounded(long size) {
        if (size > EXPANDED_MAX) {
            throw refusal(
                    "with its repetitions written out the pattern is longer than " + EXPANDED_MAX + " characters");
        }
        return (int) size;
    }

    private IllegalArgumentException refusal(String reason) {
        return new IllegalArgumentException("at character " + (position + 1) + ": " + reason);
    }
}
