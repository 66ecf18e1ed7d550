package io.weir.lake.artifact;

import io.weir.promql.labels.Labels;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Label sets as JSON objects of strings, names in order: what the {@code labels} column of an artifact holds.
 *
 * <p>A reader takes them one after the other and shares the strings that a set has in common with the one before it.
 */
final class LabelText {
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private String[] previous = new String[0];
    private byte[] bytes = new byte[0];
    private int position;
    private int end;

    static String encode(Labels labels) {
        StringBuilder text = new StringBuilder(32 + 24 * labels.size());
        text.append('{');
        for (int i = 0; i < labels.size(); i++) {
            if (i > 0) {
                text.append(',');
            }
            quote(labels.name(i), text);
            text.append(':');
            quote(labels.value(i), text);
        }
        return text.append('}').toString();
    }

    private static void quote(String value, StringBuilder text) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < 0x20) {
                text.append("\\u00").append(HEX[c >> 4]).append(HEX[c & 15]);
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }

    /** Parses what {@link #encode} wrote, and nothing else. */
    Labels decode(byte[] source, int from, int to) {
        bytes = source;
        position = from;
        end = to;
        String[] pairs = new String[Math.max(16, previous.length)];
        int count = 0;
        expect('{');
        if (peek() != '}') {
            do {
                if (count == pairs.length) {
                    pairs = Arrays.copyOf(pairs, count * 2);
                }
                pairs[count] = string(count);
                expect(':');
                pairs[count + 1] = string(count + 1);
                count += 2;
            } while (accept(','));
        }
        expect('}');
        if (position != end) {
            throw new CorruptArtifactException("bytes after a label set");
        }
        String[] exact = Arrays.copyOf(pairs, count);
        previous = exact;
        try {
            return Labels.ofSorted(exact);
        } catch (IllegalArgumentException e) {
            throw new CorruptArtifactException("bad label set: " + e.getMessage(), e);
        }
    }

    private String string(int index) {
        expect('"');
        int from = position;
        boolean escaped = false;
        while (peek() != '"') {
            if (bytes[position] == '\\') {
                escaped = true;
                position++;
            }
            position++;
        }
        int length = position - from;
        position++;
        if (escaped) {
            return unescape(new String(bytes, from, length, StandardCharsets.UTF_8));
        }
        if (index < previous.length && same(previous[index], from, length)) {
            return previous[index];
        }
        return new String(bytes, from, length, StandardCharsets.UTF_8);
    }

    private boolean same(String candidate, int from, int length) {
        if (candidate.length() != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            // A byte of a non-ASCII character is negative and equals no char.
            if (candidate.charAt(i) != bytes[from + i]) {
                return false;
            }
        }
        return true;
    }

    private static String unescape(String text) {
        StringBuilder value = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\') {
                value.append(c);
                continue;
            }
            char kind = i + 1 < text.length() ? text.charAt(i + 1) : 0;
            if (kind == 'u' && i + 6 <= text.length()) {
                int high = Character.digit(text.charAt(i + 4), 16);
                int low = Character.digit(text.charAt(i + 5), 16);
                if (high < 0 || low < 0) {
                    throw new CorruptArtifactException("bad escape in a label set: " + text);
                }
                value.append((char) (high * 16 + low));
                i += 5;
            } else if (kind == '"' || kind == '\\') {
                value.append(kind);
                i++;
            } else {
                throw new CorruptArtifactException("bad escape in a label set: " + text);
            }
        }
        return value.toString();
    }

    private byte peek() {
        if (position >= end) {
            throw new CorruptArtifactException("a label set ends early");
        }
        return bytes[position];
    }

    private boolean accept(char expected) {
        if (peek() != expected) {
            return false;
        }
        position++;
        return true;
    }

    private void expect(char expected) {
        if (!accept(expected)) {
            throw new CorruptArtifactException("a label set is no JSON object of strings, '" + expected + "' expected");
        }
    }
}
