package io.weir.ingest.openmetrics;

import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A streaming parser of metrics text, in memory that does not depend on the length of the text; reusable, but not by several threads.
 *
 * <p>Lenient where it is harmless, in both formats: empty lines, CRLF, several blanks or tabs between parts. Strict where data could be
 * wrong: a last line without its newline is refused as cut off, and OpenMetrics must end with {@code # EOF}. Exemplars are checked and left
 * out. Sources: Prometheus exposition formats, OpenMetrics 1.0.
 */
public final class TextFormatParser {
    private static final byte[] END_OF_FILE = "EOF".getBytes(StandardCharsets.US_ASCII);

    private final TextFormat format;
    private final LineReader lines;
    private final SeriesParser series;
    private final SeriesCache cache;
    private boolean ended;

    public TextFormatParser(TextFormat format, TextFormatSettings settings) {
        this.format = format;
        this.lines = new LineReader(settings.lineBytesMax());
        this.series = new SeriesParser(settings.labelsPerSeriesMax());
        this.cache = new SeriesCache(settings.seriesCacheEntriesMax(), settings.seriesCacheBytesMax());
    }

    /**
     * Parses the stream to its end; the stream stays open.
     *
     * @throws TextFormatException at the first line that is not in the format
     * @throws IOException of the stream or the listener
     */
    public void parse(InputStream in, TextFormatListener listener) throws IOException {
        lines.reset(in);
        ended = false;
        while (lines.next()) {
            line(listener);
        }
        if (format == TextFormat.OPENMETRICS && !ended) {
            throw new TextFormatException(
                    lines.lines() + 1, "OpenMetrics text must end with the line '# EOF': the input is cut off");
        }
    }

    /** Bytes of the text read by this or the last call of {@link #parse}, up to the current line's end. */
    public long bytesRead() {
        return lines.bytes();
    }

    /** Lines read by this or the last call of {@link #parse}. */
    public long linesRead() {
        return lines.lines();
    }

    private void line(TextFormatListener listener) throws IOException {
        byte[] buffer = lines.buffer();
        int end = lines.end();
        int start = SeriesParser.skipBlanks(buffer, lines.start(), end);
        if (start == end) {
            return;
        }
        if (ended) {
            throw error("text after '# EOF': " + Excerpt.of(buffer, start, end));
        }
        if (buffer[start] == '#') {
            comment(buffer, start, end, listener);
        } else {
            requireNewline();
            sample(buffer, start, end, listener);
        }
    }

    private void requireNewline() throws TextFormatException {
        if (!lines.terminated()) {
            throw error("the last line does not end with a newline: the input is cut off");
        }
    }

    private void sample(byte[] buffer, int start, int end, TextFormatListener listener) throws IOException {
        int position = start;
        int hash = 0;
        while (position < end && buffer[position] != '{' && !SeriesParser.isBlank(buffer[position])) {
            hash = 31 * hash + buffer[position++];
        }
        int seriesEnd = position;
        int brace = SeriesParser.skipBlanks(buffer, position, end);
        if (brace < end && buffer[brace] == '{') {
            seriesEnd = SeriesParser.braceEnd(buffer, brace + 1, end);
            for (int i = brace; i < seriesEnd; i++) {
                hash = 31 * hash + buffer[i];
            }
        }
        Labels labels = seriesEnd < 0 ? unclosed(buffer, start, end) : labels(hash, buffer, start, seriesEnd);
        position = SeriesParser.skipBlanks(buffer, seriesEnd, end);
        if (position == end) {
            throw error("expected a value after the series " + Excerpt.of(buffer, start, end));
        }
        int valueEnd = tokenEnd(buffer, position, end);
        double value = Numbers.value(buffer, position, valueEnd, lines.lines());
        long timestampMillis = TextFormatListener.NO_TIMESTAMP;
        position = SeriesParser.skipBlanks(buffer, valueEnd, end);
        if (position < end && buffer[position] != '#') {
            int timestampEnd = tokenEnd(buffer, position, end);
            timestampMillis = timestamp(buffer, position, timestampEnd);
            position = SeriesParser.skipBlanks(buffer, timestampEnd, end);
        }
        if (position < end) {
            afterSample(buffer, position, end);
        }
        listener.onSample(labels, value, timestampMillis, lines.lines());
    }

    private Labels labels(int hash, byte[] buffer, int start, int seriesEnd) throws TextFormatException {
        Labels known = cache.get(hash, buffer, start, seriesEnd);
        if (known != null) {
            return known;
        }
        Labels parsed = series.series(buffer, start, seriesEnd, lines.lines());
        cache.put(hash, buffer, start, seriesEnd, parsed);
        return parsed;
    }

    /** Braces that are not closed: the parser says where it got stuck. */
    private Labels unclosed(byte[] buffer, int start, int end) throws TextFormatException {
        series.series(buffer, start, end, lines.lines());
        throw error("the labels have no closing brace");
    }

    private long timestamp(byte[] buffer, int start, int end) throws TextFormatException {
        return switch (format) {
            case PROMETHEUS_TEXT -> Numbers.millis(buffer, start, end, lines.lines());
            case OPENMETRICS -> Numbers.secondsAsMillis(buffer, start, end, lines.lines());
        };
    }

    /** What may follow a sample: in OpenMetrics an exemplar, which is its labels, a value and perhaps a timestamp. */
    private void afterSample(byte[] buffer, int start, int end) throws TextFormatException {
        if (format != TextFormat.OPENMETRICS || buffer[start] != '#') {
            throw error("unexpected " + Excerpt.of(buffer, start, end) + " after the sample");
        }
        int brace = SeriesParser.skipBlanks(buffer, start + 1, end);
        int labelsEnd = brace < end && buffer[brace] == '{' ? SeriesParser.braceEnd(buffer, brace + 1, end) : -1;
        if (labelsEnd < 0) {
            throw error("an exemplar is '# {labels} value', not " + Excerpt.of(buffer, start, end));
        }
        series.exemplarLabels(buffer, brace, labelsEnd, lines.lines());
        int position = SeriesParser.skipBlanks(buffer, labelsEnd, end);
        int valueEnd = tokenEnd(buffer, position, end);
        Numbers.value(buffer, position, valueEnd, lines.lines());
        position = SeriesParser.skipBlanks(buffer, valueEnd, end);
        if (position < end) {
            int timestampEnd = tokenEnd(buffer, position, end);
            Numbers.secondsAsMillis(buffer, position, timestampEnd, lines.lines());
            position = SeriesParser.skipBlanks(buffer, timestampEnd, end);
        }
        if (position < end) {
            throw error("unexpected " + Excerpt.of(buffer, position, end) + " after the exemplar");
        }
    }

    private void comment(byte[] buffer, int start, int end, TextFormatListener listener) throws IOException {
        int wordStart = SeriesParser.skipBlanks(buffer, start + 1, end);
        int wordEnd = tokenEnd(buffer, wordStart, end);
        boolean openMetrics = format == TextFormat.OPENMETRICS;
        boolean endOfFile =
                Arrays.equals(buffer, wordStart, wordEnd, END_OF_FILE, 0, END_OF_FILE.length) && wordEnd == end;
        if (openMetrics && endOfFile) {
            // The only line that may lack its newline: nothing of it can be missing.
            ended = true;
            return;
        }
        requireNewline();
        String word = new String(buffer, wordStart, wordEnd - wordStart, StandardCharsets.ISO_8859_1);
        boolean known = word.equals("TYPE") || word.equals("HELP") || (openMetrics && word.equals("UNIT"));
        if (!known) {
            if (openMetrics) {
                throw error("OpenMetrics has no comments but '# TYPE', '# HELP', '# UNIT' and '# EOF', this is "
                        + Excerpt.of(buffer, start, end));
            }
            return;
        }
        int nameStart = SeriesParser.skipBlanks(buffer, wordEnd, end);
        String family = series.name(buffer, nameStart, end, lines.lines());
        int nameEnd = series.position();
        if (nameEnd < end && !SeriesParser.isBlank(buffer[nameEnd])) {
            throw error("unexpected " + Excerpt.of(buffer, nameEnd, end) + " in the metric name");
        }
        // One blank ends the name, further ones belong to the text.
        String rest = text(buffer, Math.min(nameEnd + 1, end), end);
        switch (word) {
            case "TYPE" -> listener.onType(family, type(rest.strip()));
            case "UNIT" -> listener.onUnit(family, rest.strip());
            default -> listener.onHelp(family, unescaped(rest, openMetrics));
        }
    }

    private MetricType type(String word) throws TextFormatException {
        if (word.equals("untyped")) {
            return MetricType.UNKNOWN;
        }
        for (MetricType type : MetricType.values()) {
            if (type.text().equals(word)) {
                return type;
            }
        }
        throw error("unknown metric type '" + word + "': known are counter, gauge, histogram, gaugehistogram, summary,"
                + " info, stateset, unknown, untyped");
    }

    private String text(byte[] buffer, int start, int end) throws TextFormatException {
        return SeriesParser.Text.utf8(Arrays.copyOfRange(buffer, start, end), end - start, lines.lines());
    }

    /** Both formats escape backslash and newline in helps, OpenMetrics the double quote too. */
    private static String unescaped(String help, boolean quotes) {
        if (help.indexOf('\\') < 0) {
            return help;
        }
        StringBuilder plain = new StringBuilder(help.length());
        for (int i = 0; i < help.length(); i++) {
            char c = help.charAt(i);
            char next = c == '\\' && i + 1 < help.length() ? help.charAt(i + 1) : 0;
            if (next == 'n') {
                plain.append('\n');
                i++;
            } else if (next == '\\' || (quotes && next == '"')) {
                plain.append(next);
                i++;
            } else {
                plain.append(c);
            }
        }
        return plain.toString();
    }

    private static int tokenEnd(byte[] buffer, int from, int end) {
        int i = from;
        while (i < end && !SeriesParser.isBlank(buffer[i])) {
            i++;
        }
        return i;
    }

    private TextFormatException error(String problem) {
        return new TextFormatException(lines.lines(), problem);
    }
}
