package io.weir.ingest.openmetrics;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Cuts a stream into lines inside one buffer that is used again and again; a line's end is not part of it, be it LF or CRLF. */
final class LineReader {
    private static final int BUFFER_BYTES = 64 * 1024;

    private final int lineBytesMax;
    private InputStream in;
    private byte[] buffer;
    private int start;
    private int end;
    private int nextLine;
    private int filled;
    private boolean terminated;
    private long lines;
    private long bytesBefore;

    LineReader(int lineBytesMax) {
        this.lineBytesMax = lineBytesMax;
        this.in = InputStream.nullInputStream();
        this.buffer = new byte[Math.min(BUFFER_BYTES, lineBytesMax + 2)];
    }

    void reset(InputStream input) {
        in = input;
        start = 0;
        end = 0;
        nextLine = 0;
        filled = 0;
        terminated = true;
        lines = 0;
        bytesBefore = 0;
    }

    /** Moves to the next line; false at the end of the stream. */
    boolean next() throws IOException {
        start = nextLine;
        int scan = start;
        while (true) {
            for (int i = scan; i < filled; i++) {
                if (buffer[i] == '\n') {
                    return line(i, i + 1, true);
                }
            }
            scan = filled - start;
            makeRoom();
            int count = in.read(buffer, filled, buffer.length - filled);
            if (count < 0) {
                return filled > start && line(filled, filled, false);
            }
            filled += count;
        }
    }

    /** The buffer; the line is from {@link #start} to {@link #end}, valid until the next line. */
    byte[] buffer() {
        return buffer;
    }

    int start() {
        return start;
    }

    int end() {
        return end;
    }

    /** Whether the line ended with a newline and not with the stream. */
    boolean terminated() {
        return terminated;
    }

    /** Lines so far, which is the number of this line from 1. */
    long lines() {
        return lines;
    }

    /** Bytes up to the end of this line. */
    long bytes() {
        return bytesBefore + nextLine;
    }

    private boolean line(int lineEnd, int next, boolean withNewline) throws TextFormatException {
        lines++;
        nextLine = next;
        terminated = withNewline;
        end = lineEnd > start && buffer[lineEnd - 1] == '\r' ? lineEnd - 1 : lineEnd;
        if (end - start > lineBytesMax) {
            throw tooLong(lines);
        }
        return true;
    }

    /** Moves the unfinished line to the front, or lets the buffer grow as far as a line may be long. */
    private void makeRoom() throws TextFormatException {
        if (filled < buffer.length && start == 0) {
            return;
        }
        if (start > 0) {
            System.arraycopy(buffer, start, buffer, 0, filled - start);
            bytesBefore += start;
            filled -= start;
            nextLine = 0;
            start = 0;
        } else if (buffer.length < lineBytesMax + 2) {
            buffer = Arrays.copyOf(buffer, (int) Math.min(buffer.length * 2L, lineBytesMax + 2L));
        } else {
            throw tooLong(lines + 1);
        }
    }

    private TextFormatException tooLong(long line) {
        return new TextFormatException(line, "the line is longer than the limit of " + lineBytesMax + " bytes");
    }
}
