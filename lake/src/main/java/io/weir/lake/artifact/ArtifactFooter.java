package io.weir.lake.artifact;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.HashMap;
import java.util.Map;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.KeyValue;
import org.apache.parquet.format.Util;

/**
 * The end of an artifact: Parquet's footer and the metadata in it.
 *
 * @param offset where the footer begins, and so the data ends
 */
record ArtifactFooter(FileMetaData parquet, long offset, Map<String, String> metadata) {
    private static final int MAGIC_BYTES = 4;
    private static final int FIXED_BYTES = 12;

    /**
     * Reads the footer of a file.
     *
     * @throws CorruptArtifactException if it is no artifact, or one of a version that this release does not know
     */
    static ArtifactFooter read(FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < FIXED_BYTES) {
            throw new CorruptArtifactException("a file of " + size + " bytes is no artifact");
        }
        if (!ArtifactFormat.isMagic(readAt(channel, 0, MAGIC_BYTES), 0)) {
            throw new CorruptArtifactException("the file does not start as Parquet does");
        }
        byte[] tail = readAt(channel, size - 8, 8);
        int footerSize = (int) ArtifactFormat.INT_LITTLE_ENDIAN.get(tail, 0);
        if (!ArtifactFormat.isMagic(tail, MAGIC_BYTES) || footerSize < 0 || footerSize > size - FIXED_BYTES) {
            throw new CorruptArtifactException("the file does not end as Parquet does");
        }
        long offset = size - 8 - footerSize;
        byte[] bytes = readAt(channel, offset, footerSize);
        FileMetaData parquet = Util.readFileMetaData(new ByteArrayInputStream(bytes, 0, footerSize));
        Map<String, String> metadata = new HashMap<>();
        if (parquet.getKey_value_metadata() != null) {
            for (KeyValue entry : parquet.getKey_value_metadata()) {
                metadata.put(entry.getKey(), entry.getValue());
            }
        }
        ArtifactFooter footer = new ArtifactFooter(parquet, offset, metadata);
        if (!ArtifactFormat.isKnownVersion(footer.schemaVersion())) {
            throw new CorruptArtifactException(ArtifactFormat.unknownVersion(footer.schemaVersion()));
        }
        return footer;
    }

    private static byte[] readAt(FileChannel channel, long position, int size) throws IOException {
        ByteBuffer buffer =
                ByteBuffer.allocate(size + ArtifactFormat.SLACK_BYTES).limit(size);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new CorruptArtifactException("the file ends " + buffer.remaining() + " bytes too early");
            }
        }
        return buffer.array();
    }

    int schemaVersion() {
        return number(ArtifactFormat.KEY_SCHEMA_VERSION);
    }

    String text(String key) {
        String value = metadata.get(key);
        if (value == null) {
            throw new CorruptArtifactException("metadata " + key + " is missing");
        }
        return value;
    }

    int number(String key) {
        try {
            return Integer.parseInt(text(key));
        } catch (NumberFormatException e) {
            throw new CorruptArtifactException("metadata " + key + " is no number", e);
        }
    }
}
