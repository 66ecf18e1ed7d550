package io.weir.ingest.openmetrics;

import io.weir.promql.labels.Labels;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Parses the text of one series: {@code name}, {@code name{label="value",...}} or {@code {"name","label"="value",...}}.
 *
 * <p>In quoted strings {@code \\}, {@code \"} and {@code \n} are escapes; a backslash before anything else stands for itself, as in
 * Prometheus 3.14 (model/textparse/promparse.go, lvalReplacer).
 */
final class SeriesParser {
    private final int labelsMax;
    private byte[] bytes = new byte[0];
    private int position;
    private int end;
    private long line;
    private byte[] scratch = new byte[256];

    SeriesParser(int labelsMax) {
        this.labelsMax = labelsMax;
    }

    /** The labels, with the metric name, of the whole text from start to end. */
    Labels series(byte[] buffer, int start, int stop, long lineNumber) throws TextFormatException {
        Map<String, String> labels = parse(buffer, start, stop, lineNumber);
        if (!labels.containsKey(Labels.METRIC_NAME)) {
            throw error("the series has no metric name");
        }
        return Labels.of(labels);
    }

    /** Checks the labels of an exemplar, which are like a series without a name. */
    void exemplarLabels(byte[] buffer, int start, int stop, long lineNumber) throws TextFormatException {
        if (parse(buffer, start, stop, lineNumber).containsKey(Labels.METRIC_NAME)) {
            throw error("an exemplar has labels, but no metric name");
        }
    }

    /** The name at the start of the text, quoted or not; {@link #position} is then behind it. */
    String name(byte[] buffer, int start, int stop, long lineNumber) throws TextFormatException {
        begin(buffer, start, stop, lineNumber);
        if (position < end && bytes[position] == '"') {
            String name = quoted();
            if (name.isEmpty()) {
                throw error("the metric name is empty");
            }
            return name;
        }
        return bareName(true);
    }

    int position() {
        return position;
    }

    /** Index behind the closing brace of what is open at a position, or -1. */
    static int braceEnd(byte[] buffer, int from, int stop) {
        boolean quoted = false;
        for (int i = from; i < stop; i++) {
            int c = buffer[i];
            if (quoted) {
                if (c == '\\') {
                    i++;
                } else if (c == '"') {
                    quoted = false;
                }
            } else if (c == '"') {
                quoted = true;
            } else if (c == '}') {
                return i + 1;
            }
        }
        return -1;
    }

    static int skipBlanks(byte[] buffer, int from, int stop) {
        int i = from;
        while (i < stop && isBlank(buffer[i])) {
            i++;
        }
        return i;
    }

    static boolean isBlank(int c) {
        return c == ' ' || c == '\t';
    }

    private void begin(byte[] buffer, int start, int stop, long lineNumber) {
        bytes = buffer;
        position = start;
        end = stop;
        line = lineNumber;
    }

    private Map<String, String> parse(byte[] buffer, int start, int stop, long lineNumber) throws TextFormatException {
        begin(buffer, start, stop, lineNumber);
        Map<String, String> labels = new HashMap<>();
        if (position < end && bytes[position] != '{') {
            put(labels, Labels.METRIC_NAME, bareName(true));
            skip();
        }
        if (position == end) {
            return labels;
        }
        expect('{', "'{' or a blank after the metric name");
        skip();
        while (!at('}')) {
            element(labels);
            skip();
            if (at(',')) {
                position++;
                skip();
            } else if (!at('}')) {
                throw error("expected ',' or '}' after a label, not " + rest());
            }
        }
        position++;
        if (position != end) {
            throw error("unexpected " + rest() + " after the labels");
        }
        return labels;
    }

    private void element(Map<String, String> labels) throws TextFormatException {
        boolean quotedName = at('"');
        String name = quotedName ? quoted() : bareName(false);
        skip();
        if (quotedName && !at('=')) {
            if (name.isEmpty()) {
                throw error("the metric name is empty");
            }
            put(labels, Labels.METRIC_NAME, name);
            return;
        }
        if (name.isEmpty()) {
            throw error("a label name is empty");
        }
        expect('=', "'=' after the label name " + name);
        skip();
        if (!at('"')) {
            throw error("the value of label " + name + " must be in double quotes, not " + rest());
        }
        put(labels, name, quoted());
    }

    private void put(Map<String, String> labels, String name, String value) throws TextFormatException {
        if (labels.putIfAbsent(name, value) != null) {
            throw error(name.equals(Labels.METRIC_NAME) ? "two metric names" : "label " + name + " is given twice");
        }
        if (labels.size() > labelsMax) {
            throw error("more than the limit of " + labelsMax + " labels");
        }
    }

    private String bareName(boolean metric) throws TextFormatException {
        int from = position;
        while (position < end && isNameByte(bytes[position], position > from, metric)) {
            position++;
        }
        if (position == from) {
            throw error("expected a " + (metric ? "metric" : "label") + " name, not " + rest()
                    + " (other names must be in double quotes)");
        }
        return new String(bytes, from, position - from, StandardCharsets.ISO_8859_1);
    }

    private static boolean isNameByte(int c, boolean inside, boolean metric) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || c == '_'
                || (metric && c == ':')
                || (inside && c >= '0' && c <= '9');
    }

    private String quoted() throws TextFormatException {
        position++;
        int from = position;
        int length = 0;
        while (true) {
            if (position >= end) {
                throw error("a string has no closing quote: " + Excerpt.of(bytes, from - 1, end));
            }
            int c = bytes[position++];
            if (c == '"') {
                return Text.utf8(scratch, length, line);
            }
            if (length + 2 > scratch.length) {
                scratch = java.util.Arrays.copyOf(scratch, scratch.length * 2);
            }
            if (c == '\\' && position < end) {
                int escaped = bytes[position++];
                switch (escaped) {
                    case '\\', '"' -> scratch[length++] = (byte) escaped;
                    case 'n' -> scratch[length++] = '\n';
                    default -> {
                        scratch[length++] = '\\';
                        scratch[length++] = (byte) escaped;
                    }
                }
            } else {
                scratch[length++] = (byte) c;
            }
        }
    }

    private void skip() {
        position = skipBlanks(bytes, position, end);
    }

    private boolean at(char c) {
        return position < end && bytes[position] == c;
    }

    private void expect(char c, String what) throws TextFormatException {
        if (!at(c)) {
            throw error("expected " + what + ", not " + rest());
        }
        position++;
    }

    private String rest() {
        return Excerpt.of(bytes, position, end);
    }

    private TextFormatException error(String problem) {
        return new TextFormatException(line, problem);
    }

    /** Bytes to strings, refusing what is not UTF-8. */
    static final class Text {
        private Text() {}

        static String utf8(byte[] bytes, int length, long line) throws TextFormatException {
            for (int i = 0; i < length; i++) {
                if (bytes[i] < 0) {
                    return decoded(bytes, length, line);
                }
            }
            return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
        }

        private static String decoded(byte[] bytes, int length, long line) throws TextFormatException {
            try {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT)
                        .decode(ByteBuffer.wrap(bytes, 0, length))
                        .toString();
            } catch (CharacterCodingException e) {
                throw new TextFormatException(line, "not valid UTF-8: " + Excerpt.of(bytes, 0, length));
            }
        }
    }
}
