package io.weir.promql.labels;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;

/** Compiles the regular expressions of PromQL: RE2 syntax, a dot matches everything, and nothing that takes RE2 down. */
public final class RegularExpressions {
    public static final int LENGTH_MAX = 32 * 1024;

    /** Nested repeats together, as in Go's regexp/syntax (repeatIsValid), which re2j checks for each repeat alone. */
    private static final int REPEATS_MAX = 1000;

    private RegularExpressions() {}

    /**
     * Compiles; the pattern is to be used on whole texts.
     *
     * @throws IllegalArgumentException if it is no regular expression that RE2 accepts, with RE2's message
     */
    public static Pattern compile(String text) {
        if (text.length() > LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "regular expression of " + text.length() + " characters is longer than the limit of " + LENGTH_MAX);
        }
        checkRepeats(text);
        try {
            return Pattern.compile(text, Pattern.DOTALL);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(message(e, text), e);
        }
    }

    /* As Go words it: the flag that we add is not quoted, and a parenthesis too many is no internal error. */
    private static String message(PatternSyntaxException e, String text) {
        String message = Objects.requireNonNullElse(e.getMessage(), "bad regular expression");
        return message.contains("stack underflow")
                ? "error parsing regexp: unexpected ): `" + text + "`"
                : message.replace("`(?s)", "`");
    }

    /** Follows groups and repeats only; what is malformed is left to the compiler. */
    private static void checkRepeats(String text) {
        Deque<Long> outer = new ArrayDeque<>();
        long inGroup = 1;
        long last = 1;
        for (int at = 0; at < text.length(); at++) {
            switch (text.charAt(at)) {
                case '\\' -> {
                    at = escapeEnd(text, at);
                    last = 1;
                }
                case '[' -> {
                    at = classEnd(text, at);
                    last = 1;
                }
                case '(' -> {
                    outer.push(inGroup);
                    inGroup = 1;
                    last = 1;
                }
                case ')' -> {
                    last = inGroup;
                    inGroup = Math.max(last, outer.isEmpty() ? 1 : outer.pop());
                }
                case '{' -> {
                    int end = text.indexOf('}', at);
                    String count = end < 0 ? "" : text.substring(at, end + 1);
                    if (count.matches("\\{[0-9]{1,9}(,[0-9]{0,9})?}")) {
                        last *= times(count);
                        if (last > REPEATS_MAX) {
                            throw new IllegalArgumentException(
                                    "error parsing regexp: invalid repeat count: `" + count + "`");
                        }
                        inGroup = Math.max(inGroup, last);
                        at = end;
                    }
                }
                case '*', '+', '?' -> {
                    // Does not multiply.
                }
                default -> last = 1;
            }
        }
    }

    private static long times(String count) {
        String[] bounds = count.substring(1, count.length() - 1).split(",", -1);
        String most = bounds.length > 1 && !bounds[1].isEmpty() ? bounds[1] : bounds[0];
        return Math.max(1, Long.parseLong(most));
    }

    private static int escapeEnd(String text, int at) {
        if (text.startsWith("\\Q", at)) {
            int end = text.indexOf("\\E", at);
            return end < 0 ? text.length() : end + 1;
        }
        boolean braced = text.startsWith("\\x{", at) || text.startsWith("\\p{", at) || text.startsWith("\\P{", at);
        int end = braced ? text.indexOf('}', at) : at + 1;
        return end < 0 ? text.length() : end;
    }

    private static int classEnd(String text, int open) {
        // A bracket that comes first, or after the negation, is a member.
        int at = text.startsWith("^", open + 1) ? open + 2 : open + 1;
        for (boolean first = true; at < text.length(); at++, first = false) {
            char c = text.charAt(at);
            if (c == '\\') {
                at++;
            } else if (text.startsWith("[:", at) && text.indexOf(":]", at) > 0) {
                at = text.indexOf(":]", at) + 1;
            } else if (c == ']' && !first) {
                return at;
            }
        }
        return text.length();
    }
}
