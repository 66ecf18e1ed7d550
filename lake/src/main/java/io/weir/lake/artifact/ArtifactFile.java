package io.weir.lake.artifact;

import io.weir.promql.aggregate.StateLayout;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.ColumnOrder;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.KeyValue;
import org.apache.parquet.format.LogicalType;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Statistics;
import org.apache.parquet.format.StringType;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.TypeDefinedOrder;
import org.apache.parquet.format.Util;

/**
 * An artifact being written: series first, then rows in (step time, series) order, then {@link #finish}. Computes the checksum on the way.
 *
 * <p>Closing without finishing deletes the file.
 */
final class ArtifactFile implements AutoCloseable {
    /*
     * Implementation notes: parquet-java's writer shreds record by record and keeps dictionaries, levels and statistics per value: about
     * 0.3 s for the 2.3 million rows of a large leaf, and some milliseconds for the smallest file. The pages here are so regular (one page per
     * column and row group, all values present or all absent) that filling them from arrays is a copy. Only the thrift structures are
     * parquet-java's.
     */
    private final Path path;
    private final FileChannel channel;
    private final MessageDigest digest;
    private final StateLayout layout;
    private final boolean hasHistograms;
    private final long bytesMax;
    private final ArtifactTarget.Room room;
    private final String workId;
    private final ByteSink sink = new ByteSink(1024);
    private final ByteSink page = new ByteSink(1024);
    private final List<RowGroup> rowGroups = new ArrayList<>();
    private final long[] steps;
    private final long[] series;
    private final double[] v;
    private final double[] c;
    private final long[] n;
    /** Of the buffered rows, each with its length before it; length 0 for none. */
    private final ByteSink histograms = new ByteSink(0);

    private int buffered;
    private int seriesCount;
    private long rowCount;
    private long firstStep;
    private long lastStep;
    private int lastSeries;
    private long offset;
    private boolean finished;

    /**
     * Opens the file.
     *
     * @param hasHistograms whether rows may have histograms; without, the file is as it was before there were any
     * @param rowsExpected upper bound of the rows, to keep small artifacts cheap
     */
    ArtifactFile(ArtifactTarget target, String workId, StateLayout layout, boolean hasHistograms, long rowsExpected)
            throws IOException {
        this.path = target.file();
        this.room = target.room();
        this.workId = workId;
        this.layout = layout;
        this.hasHistograms = hasHistograms;
        this.bytesMax = target.bytesMax();
        int capacity = (int) Math.clamp(rowsExpected, 1, ArtifactFormat.ROW_GROUP_ROWS_MAX);
        this.steps = new long[capacity];
        this.series = new long[capacity];
        this.v = new double[capacity];
        this.c = new double[layout.hasC() ? capacity : 0];
        this.n = new long[layout.hasN() ? capacity : 0];
        this.digest = sha256();
        this.channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        sink.write(ArtifactFormat.MAGIC, 0, ArtifactFormat.MAGIC.length);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Writes the label sets, in order of their ordinals. */
    void writeSeries(List<Labels> labels) throws IOException {
        if (labels.size() > ArtifactFormat.SERIES_MAX) {
            throw new QueryException.LimitExceeded(
                    labels.size() + " series in one result are more than an artifact holds ("
                            + ArtifactFormat.SERIES_MAX + "); select fewer series");
        }
        var text = new ByteSink(8 * 1024);
        long[] ordinals = new long[Math.min(labels.size(), ArtifactFormat.ROW_GROUP_ROWS_MAX)];
        int pending = 0;
        for (int i = 0; i < labels.size(); i++) {
            Labels current = labels.get(i);
            if (i > 0 && labels.get(i - 1).compareTo(current) >= 0) {
                throw new IllegalStateException("series of an artifact not sorted or not unique: " + current);
            }
            int at = text.size();
            text.writeInt(0);
            text.writeText(LabelText.encode(current));
            int length = text.size() - at - 4;
            if (length > ArtifactFormat.LABEL_BYTES_MAX) {
                throw new QueryException.LimitExceeded(
                        "a label set of " + length + " bytes is longer than an artifact holds ("
                                + ArtifactFormat.LABEL_BYTES_MAX + "); drop labels at ingestion");
            }
            text.putIntAt(at, length);
            ordinals[pending++] = i;
            if (pending == ordinals.length || text.size() > ArtifactFormat.LABEL_BYTES_TARGET) {
                writeSeriesGroup(ordinals, pending, text);
                pending = 0;
                text.clear();
            }
        }
        if (pending > 0) {
            writeSeriesGroup(ordinals, pending, text);
        }
        seriesCount = labels.size();
    }

    private void writeSeriesGroup(long[] ordinals, int count, ByteSink text) throws IOException {
        List<ColumnMetaData> chunks = new ArrayList<>(7);
        chunks.add(absent(ArtifactFormat.COLUMN_STEP, Type.INT64, count));
        page.clear();
        DeltaPacking.encode(ordinals, count, page);
        chunks.add(chunk(ArtifactFormat.COLUMN_SERIES, Type.INT32, Encoding.DELTA_BINARY_PACKED, count));
        chunks.add(absent(ArtifactFormat.COLUMN_V, Type.DOUBLE, count));
        if (layout.hasC()) {
            chunks.add(absent(ArtifactFormat.COLUMN_C, Type.DOUBLE, count));
        }
        if (layout.hasN()) {
            chunks.add(absent(ArtifactFormat.COLUMN_N, Type.INT64, count));
        }
        if (hasHistograms) {
            chunks.add(absent(ArtifactFormat.COLUMN_H, Type.BYTE_ARRAY, count));
        }
        page.clear();
        writeLevels(count, true);
        page.write(text.array(), 0, text.size());
        chunks.add(chunk(ArtifactFormat.COLUMN_LABELS, Type.BYTE_ARRAY, Encoding.PLAIN, count));
        closeRowGroup(chunks, count);
    }

    /**
     * Appends a row whose histogram cell was written by {@link HistogramCellBytes}; length 0 for none.
     *
     * @throws IllegalStateException if the file was opened without histograms
     */
    void row(long stepMillis, int ordinal, double value, double second, long count, byte[] cell, int length)
            throws IOException {
        if (!hasHistograms) {
            throw new IllegalStateException("a histogram in an artifact of floats at " + stepMillis);
        }
        if (length > ArtifactFormat.HISTOGRAM_BYTES_MAX) {
            throw new QueryException.LimitExceeded(
                    "a histogram of " + length + " bytes is longer than an artifact holds ("
                            + ArtifactFormat.HISTOGRAM_BYTES_MAX + "); limit the buckets at ingestion");
        }
        histograms.writeInt(length);
        histograms.write(cell, 0, length);
        row(stepMillis, ordinal, value, second, count);
        if (histograms.size() > ArtifactFormat.HISTOGRAM_BYTES_TARGET && buffered > 0) {
            writeRows();
        }
    }

    /** Appends a row without a histogram to a file of floats; columns that the layout does not have are ignored. */
    void row(long stepMillis, int ordinal, double value, double second, long count) throws IOException {
        if (rowCount > 0 && (stepMillis < lastStep || (stepMillis == lastStep && ordinal <= lastSeries))) {
            throw new IllegalStateException("rows of an artifact not in order: (" + lastStep + ", " + lastSeries
                    + ") before (" + stepMillis + ", " + ordinal + ")");
        }
        if (rowCount == 0) {
            firstStep = stepMillis;
        }
        int at = buffered;
        steps[at] = stepMillis;
        series[at] = ordinal;
        v[at] = value;
        if (layout.hasC()) {
            c[at] = second;
        }
        if (layout.hasN()) {
            n[at] = count;
        }
        lastStep = stepMillis;
        lastSeries = ordinal;
        rowCount++;
        buffered = at + 1;
        if (buffered == steps.length) {
            writeRows();
        }
    }

    private void writeRows() throws IOException {
        int count = buffered;
        buffered = 0;
        List<ColumnMetaData> chunks = new ArrayList<>(7);
        page.clear();
        writeLevels(count, true);
        DeltaPacking.encode(steps, count, page);
        ColumnMetaData stepMeta = chunk(ArtifactFormat.COLUMN_STEP, Type.INT64, Encoding.DELTA_BINARY_PACKED, count);
        stepMeta.setStatistics(statistics(steps[0], steps[count - 1]));
        chunks.add(stepMeta);
        page.clear();
        DeltaPacking.encode(series, count, page);
        chunks.add(chunk(ArtifactFormat.COLUMN_SERIES, Type.INT32, Encoding.DELTA_BINARY_PACKED, count));
        chunks.add(doubles(ArtifactFormat.COLUMN_V, v, count));
        if (layout.hasC()) {
            chunks.add(doubles(ArtifactFormat.COLUMN_C, c, count));
        }
        if (layout.hasN()) {
            page.clear();
            writeLevels(count, true);
            DeltaPacking.encode(n, count, page);
            chunks.add(chunk(ArtifactFormat.COLUMN_N, Type.INT64, Encoding.DELTA_BINARY_PACKED, count));
        }
        if (hasHistograms) {
            page.clear();
            writeLevels(count, true);
            page.write(histograms.array(), 0, histograms.size());
            histograms.clear();
            chunks.add(chunk(ArtifactFormat.COLUMN_H, Type.BYTE_ARRAY, Encoding.PLAIN, count));
        }
        chunks.add(absent(ArtifactFormat.COLUMN_LABELS, Type.BYTE_ARRAY, count));
        closeRowGroup(chunks, count);
    }

    private static Statistics statistics(long minimum, long maximum) {
        Statistics statistics = new Statistics();
        statistics.setMin_value(littleEndian(minimum));
        statistics.setMax_value(littleEndian(maximum));
        statistics.setNull_count(0);
        return statistics;
    }

    private static byte[] littleEndian(long value) {
        byte[] bytes = new byte[8];
        ArtifactFormat.LONG_LITTLE_ENDIAN.set(bytes, 0, value);
        return bytes;
    }

    private ColumnMetaData doubles(String name, double[] values, int count) throws IOException {
        page.clear();
        writeLevels(count, true);
        page.writeDoubles(values, count);
        return chunk(name, Type.DOUBLE, Encoding.PLAIN, count);
    }

    private ColumnMetaData absent(String name, Type type, int count) throws IOException {
        page.clear();
        writeLevels(count, false);
        return chunk(name, type, Encoding.PLAIN, count);
    }

    /** Definition levels of a page whose values are all present or all absent: one run of the RLE hybrid. */
    private void writeLevels(int count, boolean present) {
        int at = page.size();
        page.writeInt(0);
        page.writeVarint((long) count << 1);
        page.write(present ? 1 : 0);
        page.putIntAt(at, page.size() - at - 4);
    }

    /** Moves the page into the file as a column chunk of this one page. */
    private ColumnMetaData chunk(String name, Type type, Encoding encoding, int count) throws IOException {
        long chunkOffset = offset + sink.size();
        PageHeader header = new PageHeader(PageType.DATA_PAGE, page.size(), page.size());
        header.setData_page_header(new DataPageHeader(count, encoding, Encoding.RLE, Encoding.RLE));
        Util.writePageHeader(header, sink);
        sink.write(page.array(), 0, page.size());
        long size = offset + sink.size() - chunkOffset;
        return new ColumnMetaData(
                type,
                List.of(encoding, Encoding.RLE),
                List.of(name),
                CompressionCodec.UNCOMPRESSED,
                count,
                size,
                size,
                chunkOffset);
    }

    private void closeRowGroup(List<ColumnMetaData> columns, int count) throws IOException {
        long bytes = 0;
        List<ColumnChunk> chunks = new ArrayList<>(columns.size());
        for (ColumnMetaData meta : columns) {
            ColumnChunk chunk = new ColumnChunk(0);
            chunk.setMeta_data(meta);
            chunks.add(chunk);
            bytes += meta.getTotal_compressed_size();
        }
        rowGroups.add(new RowGroup(chunks, bytes, count));
        flush();
    }

    private void flush() throws IOException {
        if (offset + sink.size() > bytesMax) {
            throw new QueryException.LimitExceeded("the result of one piece of work is larger than " + bytesMax
                    + " bytes, the smaller of the settings query-artifact-bytes-max and"
                    + " worker-executor-artifact-bytes-max; select fewer series, a shorter range or a larger"
                    + " step, or raise them");
        }
        room.require(offset + sink.size());
        digest.update(sink.array(), 0, sink.size());
        ByteBuffer buffer = ByteBuffer.wrap(sink.array(), 0, sink.size());
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        offset += sink.size();
        sink.clear();
    }

    /** Writes what is buffered and the footer; the file is complete. */
    ArtifactMeta finish(List<Annotation> annotations) throws IOException {
        if (buffered > 0) {
            writeRows();
        }
        long rows = 0;
        for (RowGroup rowGroup : rowGroups) {
            rows += rowGroup.getNum_rows();
        }
        List<SchemaElement> schema = schema();
        FileMetaData footer = new FileMetaData(1, schema, rows, rowGroups);
        footer.setCreated_by("weir");
        footer.setKey_value_metadata(List.of(
                keyValue(ArtifactFormat.KEY_SCHEMA_VERSION, Integer.toString(schemaVersion())),
                keyValue(ArtifactFormat.KEY_WORK_ID, workId),
                keyValue(ArtifactFormat.KEY_LAYOUT, layout.name()),
                keyValue(ArtifactFormat.KEY_SERIES_COUNT, Integer.toString(seriesCount)),
                keyValue(ArtifactFormat.KEY_ANNOTATIONS, AnnotationText.encode(annotations))));
        List<ColumnOrder> orders = new ArrayList<>();
        for (int i = 1; i < schema.size(); i++) {
            orders.add(ColumnOrder.TYPE_ORDER(new TypeDefinedOrder()));
        }
        footer.setColumn_orders(orders);
        int before = sink.size();
        Util.writeFileMetaData(footer, sink);
        sink.writeInt(sink.size() - before);
        sink.write(ArtifactFormat.MAGIC, 0, ArtifactFormat.MAGIC.length);
        flush();
        channel.close();
        finished = true;
        return new ArtifactMeta(
                offset,
                HexFormat.of().formatHex(digest.digest()),
                rowCount,
                rowCount == 0 ? 0 : firstStep,
                rowCount == 0 ? 0 : lastStep,
                schemaVersion());
    }

    private int schemaVersion() {
        return hasHistograms ? ArtifactFormat.SCHEMA_VERSION_HISTOGRAMS : ArtifactFormat.SCHEMA_VERSION;
    }

    private List<SchemaElement> schema() {
        List<SchemaElement> schema = new ArrayList<>();
        SchemaElement root = new SchemaElement("artifact");
        schema.add(root);
        schema.add(column(ArtifactFormat.COLUMN_STEP, Type.INT64, FieldRepetitionType.OPTIONAL));
        schema.add(column(ArtifactFormat.COLUMN_SERIES, Type.INT32, FieldRepetitionType.REQUIRED));
        schema.add(column(ArtifactFormat.COLUMN_V, Type.DOUBLE, FieldRepetitionType.OPTIONAL));
        if (layout.hasC()) {
            schema.add(column(ArtifactFormat.COLUMN_C, Type.DOUBLE, FieldRepetitionType.OPTIONAL));
        }
        if (layout.hasN()) {
            schema.add(column(ArtifactFormat.COLUMN_N, Type.INT64, FieldRepetitionType.OPTIONAL));
        }
        if (hasHistograms) {
            schema.add(column(ArtifactFormat.COLUMN_H, Type.BYTE_ARRAY, FieldRepetitionType.OPTIONAL));
        }
        SchemaElement labels = column(ArtifactFormat.COLUMN_LABELS, Type.BYTE_ARRAY, FieldRepetitionType.OPTIONAL);
        labels.setLogicalType(LogicalType.STRING(new StringType()));
        labels.setConverted_type(ConvertedType.UTF8);
        schema.add(labels);
        root.setNum_children(schema.size() - 1);
        return schema;
    }

    private static SchemaElement column(String name, Type type, FieldRepetitionType repetition) {
        SchemaElement element = new SchemaElement(name);
        element.setType(type);
        element.setRepetition_type(repetition);
        return element;
    }

    private static KeyValue keyValue(String key, String value) {
        KeyValue entry = new KeyValue(key);
        entry.setValue(value);
        return entry;
    }

    @Override
    public void close() throws IOException {
        if (!finished) {
            try {
                channel.close();
            } finally {
                Files.deleteIfExists(path);
            }
        }
    }
}
