package io.weir.lake.parquet;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/** The codec factory of files without compression, the only files Weir writes; any other codec is refused by name. */
final class UncompressedCodecs implements CompressionCodecFactory {
    @Override
    public BytesInputCompressor getCompressor(CompressionCodecName codecName) {
        check(codecName);
        return new Identity();
    }

    @Override
    public BytesInputDecompressor getDecompressor(CompressionCodecName codecName) {
        check(codecName);
        return new IdentityBack();
    }

    @Override
    public void release() {}

    private static void check(CompressionCodecName codecName) {
        if (codecName != CompressionCodecName.UNCOMPRESSED) {
            throw new IllegalArgumentException("Parquet compression " + codecName
                    + " is not supported: rewrite the file uncompressed (in DuckDB: COPY ... (FORMAT parquet,"
                    + " COMPRESSION uncompressed))");
        }
    }

    private static final class Identity implements BytesInputCompressor {
        @Override
        public BytesInput compress(BytesInput bytes) {
            return bytes;
        }

        @Override
        public CompressionCodecName getCodecName() {
            return CompressionCodecName.UNCOMPRESSED;
        }

        @Override
        public void release() {}
    }

    private static final class IdentityBack implements BytesInputDecompressor {
        @Override
        public BytesInput decompress(BytesInput bytes, int decompressedSize) {
            return bytes;
        }

        @Override
        public void decompress(ByteBuffer input, int compressedSize, ByteBuffer output, int decompressedSize)
                throws IOException {
            if (compressedSize != decompressedSize || input.remaining() < compressedSize) {
                throw new IOException(
                        "uncompressed page of " + compressedSize + " bytes announces " + decompressedSize);
            }
            ByteBuffer part = input.duplicate();
            part.limit(part.position() + compressedSize);
            output.put(part);
        }

        @Override
        public void release() {}
    }
}
