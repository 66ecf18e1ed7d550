package io.weir.ingest.remotewrite;

import io.weir.ingest.error.IngestException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.xerial.snappy.Snappy;

/** Reused buffers that a request's body is read and decompressed into, within limits. Not thread-safe. */
final class SnappyBody {
    /** A copy element of 3 bytes makes at most 64 bytes: no honest block is smaller than its content divided by this. */
    private static final int RATIO_MAX = 22;

    private static final int BYTES_KEPT_MAX = 4 << 20;

    private final RemoteWriteLimits limits;
    private byte[] compressed = new byte[0];
    private byte[] content = new byte[0];
    private int compressedSize;

    SnappyBody(RemoteWriteLimits limits) {
        this.limits = limits;
    }

    /** Reads the whole body; returns the size it says it has after decompression. */
    int read(InputStream body, long contentLength) {
        if (contentLength > limits.compressedBytesMax()) {
            throw tooLarge(
                    "ingest-remote-write-compressed-bytes-max", limits.compressedBytesMax(), contentLength + " bytes");
        }
        try {
            readAll(body, contentLength);
        } catch (EOFException e) {
            throw new IngestException(IngestException.Reason.BAD_DATA, "the body ended early", e);
        } catch (IOException e) {
            throw new IngestException(
                    IngestException.Reason.BAD_DATA, "the body could not be read: " + e.getMessage(), e);
        }
        if (compressedSize == 0) {
            throw IngestException.badData("the body is empty; send a snappy-compressed WriteRequest");
        }
        try {
            int length = Snappy.uncompressedLength(compressed, 0, compressedSize);
            if (length < 0 || length > (long) compressedSize * RATIO_MAX + 64) {
                throw notSnappy("it claims " + (length & 0xffffffffL) + " bytes of content in " + compressedSize);
            }
            if (length > limits.uncompressedBytesMax()) {
                throw tooLarge(
                        "ingest-remote-write-uncompressed-bytes-max",
                        limits.uncompressedBytesMax(),
                        length + " bytes uncompressed");
            }
            return length;
        } catch (IOException e) {
            throw notSnappy(String.valueOf(e.getMessage()));
        }
    }

    private void readAll(InputStream body, long contentLength) throws IOException {
        compressedSize = 0;
        if (contentLength > compressed.length) {
            compressed = new byte[(int) contentLength];
        } else if (compressed.length == 0) {
            compressed = new byte[64 << 10];
        }
        while (true) {
            if (compressedSize == compressed.length) {
                int next = body.read();
                if (next < 0) {
                    return;
                }
                if (compressedSize >= limits.compressedBytesMax()) {
                    throw tooLarge("ingest-remote-write-compressed-bytes-max", limits.compressedBytesMax(), "more");
                }
                compressed =
                        Arrays.copyOf(compressed, (int) Math.min(compressed.length * 2L, limits.compressedBytesMax()));
                compressed[compressedSize++] = (byte) next;
            }
            int count = body.read(compressed, compressedSize, compressed.length - compressedSize);
            if (count < 0) {
                return;
            }
            compressedSize += count;
            if (compressedSize > limits.compressedBytesMax()) {
                throw tooLarge("ingest-remote-write-compressed-bytes-max", limits.compressedBytesMax(), "more");
            }
        }
    }

    /** Decompresses what was read; the result is valid until the next request. */
    byte[] uncompress(int length) {
        if (content.length < length) {
            content = new byte[Math.max(length, 64 << 10)];
        }
        try {
            int written = Snappy.uncompress(compressed, 0, compressedSize, content, 0);
            if (written != length) {
                throw notSnappy("it holds " + written + " bytes and claims " + length);
            }
            return content;
        } catch (IOException e) {
            throw notSnappy(String.valueOf(e.getMessage()));
        }
    }

    /** Lets go of buffers that an unusually large request made. */
    void trim() {
        if (compressed.length > BYTES_KEPT_MAX) {
            compressed = new byte[0];
        }
        if (content.length > BYTES_KEPT_MAX) {
            content = new byte[0];
        }
    }

    private static IngestException notSnappy(String why) {
        return IngestException.badData("the body is not a snappy block: " + why
                + "; use snappy's block format, not the framed one; nothing was stored");
    }

    private static IngestException tooLarge(String limit, int value, String size) {
        return new IngestException(
                IngestException.Reason.TOO_LARGE,
                "the body has " + size + ", " + limit + "=" + value
                        + "; send fewer samples per request (max_samples_per_send), or raise the setting");
    }
}
