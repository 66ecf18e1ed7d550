package org.apache.parquet;

import java.util.Map;
import org.apache.parquet.bytes.HeapByteBufferAllocator;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.filter2.compat.FilterCompat;
import org.apache.parquet.format.converter.ParquetMetadataConverter;

/**
 * Makes read options that need no Hadoop class at run time.
 *
 * <p>The public builder loads Hadoop's compression codecs in its static initialiser; the package-private constructor does not.
 */
public final class WeirReadOptions {
    private static final int ALLOCATION_BYTES_MAX = 8 * 1024 * 1024;

    private WeirReadOptions() {}

    /** Options with page checksums verified, without filters, decryption or vectored reads. */
    @SuppressWarnings("NullAway") // parquet-java takes null for "no decryption" and "no metrics"
    public static ParquetReadOptions of(CompressionCodecFactory codecs) {
        return new ParquetReadOptions(
                false,
                false,
                false,
                false,
                false,
                true,
                false,
                false,
                false,
                FilterCompat.NOOP,
                ParquetMetadataConverter.NO_FILTER,
                codecs,
                HeapByteBufferAllocator.getInstance(),
                ALLOCATION_BYTES_MAX,
                Map.of(),
                null,
                null,
                new PlainParquetConfiguration());
    }
}
