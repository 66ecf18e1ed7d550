package io.weir.lake.parquet;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.parquet.WeirReadOptions;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.statistics.IntStatistics;
import org.apache.parquet.column.statistics.LongStatistics;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ColumnPath;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.schema.MessageType;
import org.jspecify.annotations.Nullable;

/**
 * Reads one local, uncompressed Parquet file by row group and column, without record objects and without Hadoop. Page checksums
 * are verified. A file that is no Parquet file, or a damaged one, is an {@link IOException} that names it. Not thread-safe.
 */
public final class ParquetTableReader implements AutoCloseable {
    private final Path path;
    private final ParquetFileReader file;
    private final MessageType schema;
    private final Map<String, String> keyValues;

    private ParquetTableReader(Path path, ParquetFileReader file) {
        this.path = path;
        this.file = file;
        this.schema = file.getFileMetaData().getSchema();
        this.keyValues = Map.copyOf(file.getFileMetaData().getKeyValueMetaData());
    }

    public static ParquetTableReader open(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString());
        }
        try {
            ParquetFileReader file =
                    ParquetFileReader.open(new LocalInputFile(path), WeirReadOptions.of(new UncompressedCodecs()));
            return new ParquetTableReader(path, file);
        } catch (FileNotFoundException e) {
            throw new IOException("cannot open " + path + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            throw damaged(path, e);
        }
    }

    static IOException damaged(Path path, Exception cause) {
        return new IOException(path.getFileName() + " is no readable Parquet file: " + cause.getMessage(), cause);
    }

    public MessageType schema() {
        return schema;
    }

    /** The file's own metadata, without the writer's. */
    public Map<String, String> keyValues() {
        return keyValues;
    }

    public int rowGroupCount() {
        return file.getRowGroups().size();
    }

    public long rowCount() {
        return file.getRecordCount();
    }

    /** Rows of a row group; an {@code IOException} if the number does not fit an array. */
    public int rowCount(int rowGroup) throws IOException {
        long rows = file.getRowGroups().get(rowGroup).getRowCount();
        if (rows < 0 || rows > Integer.MAX_VALUE - 8) {
            throw new IOException(path.getFileName() + " has a row group of " + rows + " rows");
        }
        return (int) rows;
    }

    /**
     * Smallest and largest value of an integer column in a row group, or null without statistics.
     *
     * @return two values: smallest, largest
     */
    public long @Nullable [] range(int rowGroup, String column) {
        BlockMetaData block = file.getRowGroups().get(rowGroup);
        ColumnPath wanted = ColumnPath.fromDotString(column);
        for (ColumnChunkMetaData chunk : block.getColumns()) {
            if (chunk.getPath().equals(wanted)) {
                Statistics<?> statistics = chunk.getStatistics();
                if (statistics == null || !statistics.hasNonNullValue()) {
                    return null;
                } else if (statistics instanceof LongStatistics longs) {
                    return new long[] {longs.getMin(), longs.getMax()};
                } else if (statistics instanceof IntStatistics ints) {
                    return new long[] {ints.getMin(), ints.getMax()};
                }
                return null;
            }
        }
        return null;
    }

    /**
     * Reads the named columns of a row group into memory.
     *
     * @param columns dotted paths
     * @throws IOException also if the file has no such column
     */
    public ParquetRowGroup read(int rowGroup, List<String> columns) throws IOException {
        List<ColumnDescriptor> descriptors = new ArrayList<>(columns.size());
        for (String column : columns) {
            descriptors.add(descriptor(column));
        }
        int rows = rowCount(rowGroup);
        try {
            file.setRequestedSchema(descriptors);
            PageReadStore store = file.readRowGroup(rowGroup);
            return new ParquetRowGroup(path, schema, store, rows);
        } catch (RuntimeException e) {
            throw damaged(path, e);
        }
    }

    private ColumnDescriptor descriptor(String column) throws IOException {
        String[] names = column.split("\\.", -1);
        if (!schema.containsPath(names)) {
            throw new IOException(path.getFileName() + " has no column " + column);
        }
        return schema.getColumnDescription(names);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
