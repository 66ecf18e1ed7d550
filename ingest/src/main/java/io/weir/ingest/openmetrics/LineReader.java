package io.weir.ingest.openmetrics;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Reads lines of bytes into one reused buffer, with a bound on a line's length, and counts lines and bytes. */
final class LineReader {
    private final InputStream input;
    private final int lineBytesMax;
    private final byte[] chunk = new byte[64 << 10];
    private int chunkPosition;
    private int chunkSize;
    private byte[] line = new byte[1024];
    private int size;
    private long lineNumber;
    private long bytesRead;

    LineReader(InputStream input, int lineBytesMax) {
        this.input = input;
        this.lineBytesMax = lineBytesMax;
    }

    /** Reads the next line without its end; false at the end of the text. A line end may be missing at the end. */
    boolean next() throws IOException {
        size = 0;
        lineNumber++;
        boolean any = false;
        while (true) {
            if (chunkPosition == chunkSize) {
                chunkSize = Math.max(0, input.read(chunk, 0, chunk.length));
                chunkPosition = 0;
                if (chunkSize == 0) {
                    return any;
                }
            }
            any = true;
            int end = chunkPosition;
            while (end < chunkSize && chunk[end] != '\n') {
                end++;
            }
            append(end - chunkPosition);
            bytesRead += end - chunkPosition;
            chunkPosition = end;
            if (end < chunkSize) {
                chunkPosition++;
                bytesRead++;
                return true;
            }
        }
    }

    private void append(int count) throws TextFormatException {
        if (size + count > lineBytesMax) {
            throw new TextFormatException(lineNumber, "longer than lineBytesMax=" + lineBytesMax + " bytes");
        }
        if (size + count > line.length) {
            line = Arrays.copyOf(line, Math.max(size + count, Math.min(line.length * 2, lineBytesMax)));
        }
        System.arraycopy(chunk, chunkPosition, line, size, count);
        size += count;
    }

    byte[] bytes() {
        return line;
    }

    int size() {
        return size;
    }

    long lineNumber() {
        return lineNumber;
    }

    long bytesRead() {
        return bytesRead;
    }
}
