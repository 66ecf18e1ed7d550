package io.weir.ingest.otlp;

import io.weir.ingest.error.IngestException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/** Reads and decompresses a body within its limit. */
final class OtlpBody {
    private OtlpBody() {}

    /**
     * The uncompressed body.
     *
     * @param contentLength bytes as sent, or -1 when unknown
     * @throws IngestException if it is too large, cut off, or compressed in another way than by gzip
     */
    static byte[] read(InputStream body, @Nullable String contentEncoding, long contentLength, int bytesMax) {
        if (contentLength > bytesMax) {
            throw tooLarge(contentLength + " bytes", bytesMax);
        }
        String encoding = contentEncoding == null ? "" : contentEncoding.strip().toLowerCase(Locale.ROOT);
        try {
            return switch (encoding) {
                case "", "identity" -> readAll(body, bytesMax);
                case "gzip" -> readAll(new GZIPInputStream(body), bytesMax);
                default ->
                    throw new IngestException(
                            IngestException.Reason.UNSUPPORTED_MEDIA_TYPE,
                            "Content-Encoding '" + contentEncoding + "' is not supported; send gzip or no compression");
            };
        } catch (EOFException e) {
            throw new IngestException(IngestException.Reason.BAD_DATA, "the body ended early", e);
        } catch (ZipException e) {
            throw new IngestException(
                    IngestException.Reason.BAD_DATA, "the body is not compressed by gzip: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new IngestException(
                    IngestException.Reason.BAD_DATA, "the body could not be read: " + e.getMessage(), e);
        }
    }

    private static byte[] readAll(InputStream stream, int bytesMax) throws IOException {
        byte[] content = stream.readNBytes(bytesMax);
        if (content.length == bytesMax && stream.read() >= 0) {
            throw tooLarge("more", bytesMax);
        }
        return content;
    }

    static IngestException tooLarge(String size, int bytesMax) {
        return new IngestException(
                IngestException.Reason.TOO_LARGE,
                "the body has " + size + ", ingest-otlp-request-bytes-max=" + bytesMax
                        + "; send smaller batches (send_batch_max_size), or raise the setting");
    }
}
