package io.weir.queryapi.encoding;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A writer of UTF-8 JSON text into a byte buffer, which is handed to a stream whenever it is full, or grows when there is no stream.
 * Writes tokens as they are asked for and does not check their order. Not thread-safe.
 *
 * <p>Strings are escaped as Prometheus' json-iterator does (no HTML escaping): quote, backslash, control characters; everything else is
 * raw UTF-8, and a lone surrogate becomes U+FFFD.
 */
public final class JsonBytes {
    private static final byte[] HEX = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
    /** Longest text a number takes, with room to spare. */
    private static final int NUMBER_LENGTH_MAX = 352;

    private final NumberText numbers = new NumberText();
    private final @Nullable OutputStream out;
    private byte[] buffer;
    private int size;
    private long flushed;

    private JsonBytes(@Nullable OutputStream out, int capacity) {
        this.out = out;
        this.buffer = new byte[Math.max(capacity, 2 * NUMBER_LENGTH_MAX)];
    }

    /** A writer that keeps everything in memory. */
    public static JsonBytes inMemory() {
        return new JsonBytes(null, 1024);
    }

    /** A writer that hands each full buffer to the stream; {@link #flush} hands over the rest. */
    public static JsonBytes to(OutputStream out, int bufferBytes) {
        return new JsonBytes(out, bufferBytes);
    }

    /** Bytes written so far, handed over or not. */
    public long written() {
        return flushed + size;
    }

    /** Bytes not yet handed to the stream. */
    public int buffered() {
        return size;
    }

    /** Forgets what is in the buffer; for writers that are used again and again. */
    public void clear() {
        size = 0;
    }

    /** What is in the buffer, as a copy. */
    public byte[] toByteArray() {
        return Arrays.copyOf(buffer, size);
    }

    /** Hands the buffer to the stream; does not flush the stream. */
    public void flush() throws IOException {
        if (out != null && size > 0) {
            out.write(buffer, 0, size);
            flushed += size;
            size = 0;
        }
    }

    private void require(int bytes) throws IOException {
        if (buffer.length - size >= bytes) {
            return;
        }
        if (out != null) {
            flush();
        }
        if (buffer.length - size < bytes) {
            buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, size + bytes));
        }
    }

    /** Writes one ASCII character. */
    public JsonBytes ascii(char c) throws IOException {
        require(1);
        buffer[size++] = (byte) c;
        return this;
    }

    /** Writes ASCII text as it is: punctuation and known keys. */
    public JsonBytes ascii(String text) throws IOException {
        int length = text.length();
        require(length);
        for (int i = 0; i < length; i++) {
            buffer[size + i] = (byte) text.charAt(i);
        }
        size += length;
        return this;
    }

    /** Writes bytes as they are. */
    public JsonBytes raw(byte[] bytes) throws IOException {
        require(bytes.length);
        System.arraycopy(bytes, 0, buffer, size, bytes.length);
        size += bytes.length;
        return this;
    }

    public JsonBytes number(long value) throws IOException {
        require(NUMBER_LENGTH_MAX);
        size = numbers.writeLong(value, buffer, size);
        return this;
    }

    /** A sample value in Prometheus' form, without quotes; infinities and NaN are no JSON then, so mind where it is used. */
    public JsonBytes value(double value) throws IOException {
        require(NUMBER_LENGTH_MAX);
        size = numbers.writeValue(value, buffer, size);
        return this;
    }

    /** A sample value as a string: {@code "1.5"}, {@code "NaN"}, {@code "+Inf"}. */
    public JsonBytes quotedValue(double value) throws IOException {
        require(NUMBER_LENGTH_MAX);
        buffer[size++] = '"';
        size = numbers.writeValue(value, buffer, size);
        buffer[size++] = '"';
        return this;
    }

    /** A timestamp of ms as seconds: an integer, or exactly three decimals. */
    public JsonBytes timestamp(long millis) throws IOException {
        require(NUMBER_LENGTH_MAX);
        size = numbers.writeTimestamp(millis, buffer, size);
        return this;
    }

    /** One point of a series: {@code [1.500,"2"]}. */
    public JsonBytes point(long millis, double value) throws IOException {
        require(2 * NUMBER_LENGTH_MAX);
        buffer[size++] = '[';
        size = numbers.writeTimestamp(millis, buffer, size);
        buffer[size++] = ',';
        buffer[size++] = '"';
        size = numbers.writeValue(value, buffer, size);
        buffer[size++] = '"';
        buffer[size++] = ']';
        return this;
    }

    /** One point whose timestamp is given as text, for writers that write the same timestamps for many series. */
    public JsonBytes point(byte[] timestampText, double value) throws IOException {
        require(2 * NUMBER_LENGTH_MAX + timestampText.length);
        buffer[size++] = '[';
        System.arraycopy(timestampText, 0, buffer, size, timestampText.length);
        size += timestampText.length;
        buffer[size++] = ',';
        buffer[size++] = '"';
        size = numbers.writeValue(value, buffer, size);
        buffer[size++] = '"';
        buffer[size++] = ']';
        return this;
    }

    /** A string with quotes and escapes. */
    public JsonBytes string(String text) throws IOException {
        int length = text.length();
        ascii('"');
        int i = 0;
        while (i < length) {
            int end = Math.min(length, i + 1024);
            require(6 * (end - i) + 6);
            while (i < end) {
                i = character(text, i);
            }
        }
        return ascii('"');
    }

    /** Writes the character at an index, for which there is room, and returns the next index. */
    private int character(String text, int index) {
        char c = text.charAt(index);
        if (c < 0x80) {
            asciiCharacter(c);
            return index + 1;
        }
        if (c < 0x800) {
            buffer[size++] = (byte) (0xc0 | (c >> 6));
            buffer[size++] = (byte) (0x80 | (c & 0x3f));
            return index + 1;
        }
        if (Character.isHighSurrogate(c)
                && index + 1 < text.length()
                && Character.isLowSurrogate(text.charAt(index + 1))) {
            int point = Character.toCodePoint(c, text.charAt(index + 1));
            buffer[size++] = (byte) (0xf0 | (point >> 18));
            buffer[size++] = (byte) (0x80 | ((point >> 12) & 0x3f));
            buffer[size++] = (byte) (0x80 | ((point >> 6) & 0x3f));
            buffer[size++] = (byte) (0x80 | (point & 0x3f));
            return index + 2;
        }
        char unit = Character.isSurrogate(c) ? '\ufffd' : c;
        buffer[size++] = (byte) (0xe0 | (unit >> 12));
        buffer[size++] = (byte) (0x80 | ((unit >> 6) & 0x3f));
        buffer[size++] = (byte) (0x80 | (unit & 0x3f));
        return index + 1;
    }

    private void asciiCharacter(char c) {
        if (c >= 0x20 && c != '"' && c != '\\') {
            buffer[size++] = (byte) c;
            return;
        }
        buffer[size++] = '\\';
        if (c == '"' || c == '\\') {
            buffer[size++] = (byte) c;
        } else if (c == '\n') {
            buffer[size++] = 'n';
        } else if (c == '\r') {
            buffer[size++] = 'r';
        } else if (c == '\t') {
            buffer[size++] = 't';
        } else {
            buffer[size++] = 'u';
            buffer[size++] = '0';
            buffer[size++] = '0';
            buffer[size++] = HEX[c >> 4];
            buffer[size++] = HEX[c & 0xf];
        }
    }
}
