package io.weir.lake.parquet;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.parquet.bytes.ByteBufferInputStream;
import org.apache.parquet.column.values.delta.DeltaBinaryPackingValuesReader;
import org.apache.parquet.format.DataPageHeaderV2;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.Util;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;

/**
 * Finds where the values of a required, flat bytes column lie in the file, so that they can be read from a mapping without Parquet.
 * Only for columns as {@link ParquetTableWriter} writes them: uncompressed pages of version 2, lengths first.
 */
final class BinaryOffsets {
    private BinaryOffsets() {}

    /**
     * Fills in the place of each value of a column chunk.
     *
     * @param from where the chunk's rows start in the arrays
     * @param count rows of the chunk
     */
    static void locate(
            MemorySegment file, ColumnChunkMetaData chunk, long[] offsets, int[] lengths, int from, int count)
            throws IOException {
        long position = chunk.getStartingPos();
        long end = position + chunk.getTotalSize();
        int row = from;
        while (row < from + count) {
            if (position < 0 || end > file.byteSize() || position >= end || end - position > Integer.MAX_VALUE) {
                throw new IOException("pages of " + chunk.getPath() + " lie outside of the file");
            }
            ByteBuffer rest =
                    file.asSlice(position, end - position).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
            ByteBufferInputStream in = ByteBufferInputStream.wrap(rest);
            PageHeader header = Util.readPageHeader(in);
            DataPageHeaderV2 page = header.getData_page_header_v2();
            if (page == null
                    || page.getEncoding() != Encoding.DELTA_LENGTH_BYTE_ARRAY
                    || page.getNum_nulls() != 0
                    || page.getRepetition_levels_byte_length() != 0
                    || page.getDefinition_levels_byte_length() != 0) {
                throw new IOException("pages of " + chunk.getPath() + " are not as Weir writes them");
            }
            int values = page.getNum_values();
            long data = position + in.position();
            long next = data + header.getCompressed_page_size();
            if (values < 0 || values > from + count - row || header.getCompressed_page_size() < 0 || next > end) {
                throw new IOException("a page of " + chunk.getPath() + " has a size out of range");
            }
            DeltaBinaryPackingValuesReader reader = new DeltaBinaryPackingValuesReader();
            reader.initFromPage(values, in);
            long place = position + in.position();
            for (int i = 0; i < values; i++) {
                int length = reader.readInteger();
                if (length < 0 || length > next - place) {
                    throw new IOException("a value of " + chunk.getPath() + " lies outside of its page");
                }
                offsets[row] = place;
                lengths[row++] = length;
                place += length;
            }
            position = next;
        }
    }
}
