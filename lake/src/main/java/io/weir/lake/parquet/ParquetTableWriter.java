package io.weir.lake.parquet;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.parquet.bytes.HeapByteBufferAllocator;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnWriteStore;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.parquet.hadoop.ColumnChunkPageWriteStore;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.schema.MessageType;
import org.jspecify.annotations.Nullable;

/**
 * Writes one uncompressed Parquet file column by column, row by row, without record objects and without Hadoop. Holds one row
 * group in memory. Not thread-safe.
 *
 * <p>For each row put one value into every column (in any order of columns), then call {@link #endRow}. {@link #finish} writes the
 * footer; a writer closed without it leaves a file that is no Parquet file.
 */
public final class ParquetTableWriter implements AutoCloseable {
    private static final int COLUMN_INDEX_BYTES_MAX = 64;
    /** Rows between looks at the buffered bytes: looking is a walk over all columns. */
    private static final int SIZE_CHECK_ROWS = 64;

    private final MessageType schema;
    private final ParquetWriteSettings settings;
    private final ParquetProperties properties;
    private final UncompressedCodecs codecs = new UncompressedCodecs();
    private final ParquetFileWriter file;
    private final Map<ColumnDescriptor, ColumnSink> sinks = new HashMap<>();
    private @Nullable ColumnChunkPageWriteStore pages;
    private @Nullable ColumnWriteStore columns;
    private int rowGroupRows;
    private int rowGroupCount;
    private long rowCount;
    private boolean finished;

    private ParquetTableWriter(MessageType schema, ParquetWriteSettings settings, Path path) throws IOException {
        this.schema = schema;
        this.settings = settings;
        this.properties = properties(schema, settings);
        this.file = newFileWriter(path, schema, settings, properties);
        file.start();
        for (ColumnDescriptor column : schema.getColumns()) {
            sinks.put(column, new ColumnSink(column.getMaxDefinitionLevel()));
        }
        startRowGroup();
    }

    /** Creates the file, which must not exist. */
    public static ParquetTableWriter create(Path path, MessageType schema, ParquetWriteSettings settings)
            throws IOException {
        return new ParquetTableWriter(schema, settings, path);
    }

    @SuppressWarnings("NullAway") // parquet-java takes null for "no encryption"
    private static ParquetFileWriter newFileWriter(
            Path path, MessageType schema, ParquetWriteSettings settings, ParquetProperties properties)
            throws IOException {
        return new ParquetFileWriter(
                new LocalOutputFile(path),
                schema,
                ParquetFileWriter.Mode.CREATE,
                settings.rowGroupBytesMax(),
                0,
                null,
                properties);
    }

    private static ParquetProperties properties(MessageType schema, ParquetWriteSettings settings) {
        ParquetProperties.Builder builder = ParquetProperties.builder()
                .withWriterVersion(WriterVersion.PARQUET_2_0)
                .withDictionaryEncoding(false)
                .withPageSize(settings.pageBytesMax())
                .withPageRowCountLimit(settings.pageRowsMax())
                .withColumnIndexTruncateLength(COLUMN_INDEX_BYTES_MAX)
                .withPageWriteChecksumEnabled(true)
                .withSizeStatisticsEnabled(false)
                .withAllocator(HeapByteBufferAllocator.getInstance())
                .withValuesWriterFactory(new ColumnEncodings());
        for (ColumnDescriptor column : schema.getColumns()) {
            String name = String.join(".", column.getPath());
            if (settings.dictionaryColumns().contains(name)) {
                builder.withDictionaryEncoding(name, true);
            }
            if (settings.columnsWithoutStatistics().contains(name)) {
                builder.withStatisticsEnabled(name, false);
            }
        }
        return builder.build();
    }

    /**
     * The sink of a column, good for the whole file.
     *
     * @param path names from the top of the schema to the primitive column
     */
    public ColumnSink column(String... path) {
        ColumnSink sink = sinks.get(schema.getColumnDescription(path));
        if (sink == null) {
            throw new IllegalArgumentException("no column " + String.join(".", path));
        }
        return sink;
    }

    /** Ends the row to which every column has got its value. */
    public void endRow() throws IOException {
        ColumnWriteStore store = columns;
        if (store == null) {
            throw new IllegalStateException("the file is finished");
        }
        store.endRecord();
        rowGroupRows++;
        rowCount++;
        boolean full = rowGroupRows >= settings.rowGroupRowsMax()
                || (rowGroupRows % SIZE_CHECK_ROWS == 0 && store.getBufferedSize() >= settings.rowGroupBytesMax());
        if (full) {
            endRowGroup();
            startRowGroup();
        }
    }

    /** Rows written so far. */
    public long rowCount() {
        return rowCount;
    }

    /** Writes the last row group and the footer, and closes the file. */
    public void finish(Map<String, String> keyValues) throws IOException {
        endRowGroup();
        file.end(new HashMap<>(keyValues));
        finished = true;
        file.close();
    }

    private void startRowGroup() {
        ColumnChunkPageWriteStore pageStore = new ColumnChunkPageWriteStore(
                codecs.getCompressor(CompressionCodecName.UNCOMPRESSED),
                schema,
                properties.getAllocator(),
                COLUMN_INDEX_BYTES_MAX,
                true);
        ColumnWriteStore columnStore = properties.newColumnWriteStore(schema, pageStore, pageStore);
        pages = pageStore;
        columns = columnStore;
        sinks.forEach((column, sink) -> sink.use(columnStore.getColumnWriter(column)));
        rowGroupRows = 0;
    }

    private void endRowGroup() throws IOException {
        ColumnWriteStore columnStore = columns;
        ColumnChunkPageWriteStore pageStore = pages;
        if (columnStore == null || pageStore == null) {
            throw new IllegalStateException("the file is finished");
        }
        if (rowGroupRows > 0) {
            file.startBlock(rowGroupRows);
            columnStore.flush();
            pageStore.flushToFileWriter(file);
            file.endBlock();
            rowGroupCount++;
        }
        columnStore.close();
        pageStore.close();
        columns = null;
        pages = null;
    }

    /** Row groups written so far. */
    public int rowGroupCount() {
        return rowGroupCount;
    }

    @Override
    public void close() throws IOException {
        if (!finished) {
            finished = true;
            if (columns != null) {
                columns.close();
            }
            if (pages != null) {
                pages.close();
            }
            file.abort();
            file.close();
        }
    }
}
