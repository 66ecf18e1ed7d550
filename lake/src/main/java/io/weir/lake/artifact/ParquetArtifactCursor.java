package io.weir.lake.artifact;

import io.weir.promql.aggregate.HistogramCell;
import io.weir.promql.aggregate.StateLayout;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Util;
import org.jspecify.annotations.Nullable;

/**
 * Reads an artifact that {@link ArtifactWriter} wrote, a row group at a time into arrays. Not a reader of any Parquet file: it demands
 * exactly the encodings of that writer and checks every size before it allocates.
 */
public final class ParquetArtifactCursor implements ArtifactCursor {
    private final Path path;
    private final FileChannel channel;
    private final FileMetaData footer;
    private final long footerOffset;
    private final StateLayout layout;
    private final List<Labels> series;
    private final List<Annotation> annotations;
    private final List<String> columnNames = new ArrayList<>();

    private byte[] bytes = new byte[0];
    private long bytesOffset;
    private long[] steps = new long[0];
    private long[] ordinals = new long[0];
    private double[] v = new double[0];
    private double[] c = new double[0];
    private long[] n = new long[0];
    private final boolean hasHistograms;
    /** Where each row's histogram begins in {@link #bytes}, and where the last one ends; each with its length before it. */
    private int[] histogramOffsets = new int[0];

    private int rowGroup;
    private int rows;
    private int row = -1;
    private long lastStep = Long.MIN_VALUE;
    private int lastSeries = -1;

    private ParquetArtifactCursor(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        ArtifactFooter end = ArtifactFooter.read(channel);
        this.footer = end.parquet();
        this.footerOffset = end.offset();
        this.hasHistograms = end.schemaVersion() == ArtifactFormat.SCHEMA_VERSION_HISTOGRAMS;
        this.layout = layout(end.text(ArtifactFormat.KEY_LAYOUT));
        this.annotations = AnnotationText.decode(end.text(ArtifactFormat.KEY_ANNOTATIONS));
        checkSchema();
        this.series = readSeries(end.number(ArtifactFormat.KEY_SERIES_COUNT));
    }

    /**
     * Opens an artifact and reads its series.
     *
     * @throws CorruptArtifactException if it is none
     */
    public static ParquetArtifactCursor open(Path path) {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
            return new ParquetArtifactCursor(path, channel);
        } catch (IOException | RuntimeException e) {
            if (channel != null) {
                closeQuietly(channel, e);
            }
            throw corrupt(path, e);
        }
    }

    private static void closeQuietly(FileChannel channel, Exception cause) {
        try {
            channel.close();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private static CorruptArtifactException corrupt(Path path, Exception cause) {
        return new CorruptArtifactException("artifact " + path.getFileName() + ": " + cause.getMessage(), cause);
    }

    private static StateLayout layout(String name) {
        for (StateLayout layout : StateLayout.values()) {
            if (layout.name().equals(name)) {
                return layout;
            }
        }
        throw new CorruptArtifactException("unknown layout " + name);
    }

    private static <T> T present(@Nullable T part, String name) {
        if (part == null) {
            throw new CorruptArtifactException("the footer has no " + name);
        }
        return part;
    }

    private RowGroup group(int index) {
        return present(footer.getRow_groups(), "row groups").get(index);
    }

    private static ColumnMetaData meta(RowGroup group, int column) {
        return present(present(group.getColumns(), "columns").get(column).getMeta_data(), "column metadata");
    }

    private void checkSchema() {
        columnNames.add(ArtifactFormat.COLUMN_STEP);
        columnNames.add(ArtifactFormat.COLUMN_SERIES);
        columnNames.add(ArtifactFormat.COLUMN_V);
        if (layout.hasC()) {
            columnNames.add(ArtifactFormat.COLUMN_C);
        }
        if (layout.hasN()) {
            columnNames.add(ArtifactFormat.COLUMN_N);
        }
        if (hasHistograms) {
            columnNames.add(ArtifactFormat.COLUMN_H);
        }
        columnNames.add(ArtifactFormat.COLUMN_LABELS);
        List<String> found = new ArrayList<>();
        for (SchemaElement element : present(footer.getSchema(), "schema")) {
            found.add(element.getName());
        }
        if (found.isEmpty() || !found.subList(1, found.size()).equals(columnNames)) {
            throw new CorruptArtifactException("columns " + found + ", expected " + columnNames);
        }
    }

    private List<Labels> readSeries(int count) throws IOException {
        List<Labels> labels = new ArrayList<>(Math.clamp(count, 0, ArtifactFormat.ROW_GROUP_ROWS_MAX));
        var text = new LabelText();
        while (labels.size() < count) {
            if (rowGroup == footer.getRow_groupsSize()) {
                throw new CorruptArtifactException(labels.size() + " of " + count + " series are there");
            }
            RowGroup group = group(rowGroup++);
            int groupRows = load(group);
            ordinals = new long[Math.max(groupRows, ordinals.length)];
            decodeIntegers(group, 1, false, ordinals, groupRows);
            int[] span = page(group, columnNames.size() - 1, true, Encoding.PLAIN, groupRows);
            int position = span[0];
            for (int i = 0; i < groupRows; i++) {
                int length = span[1] - position < 4 ? -1 : (int) ArtifactFormat.INT_LITTLE_ENDIAN.get(bytes, position);
                if (length < 0 || length > span[1] - position - 4 || ordinals[i] != labels.size()) {
                    throw new CorruptArtifactException("series " + labels.size() + " of " + count + " is damaged");
                }
                Labels current = text.decode(bytes, position + 4, position + 4 + length);
                if (!labels.isEmpty() && labels.getLast().compareTo(current) >= 0) {
                    throw new CorruptArtifactException("series not in order: " + current);
                }
                labels.add(current);
                position += 4 + length;
            }
        }
        return java.util.Collections.unmodifiableList(labels);
    }

    /** Reads a row group's bytes; returns its number of rows. */
    private int load(RowGroup group) throws IOException {
        if (group.getColumnsSize() != columnNames.size()
                || group.getNum_rows() <= 0
                || group.getNum_rows() > ArtifactFormat.ROW_GROUP_ROWS_MAX) {
            throw new CorruptArtifactException(
                    "row group of " + group.getNum_rows() + " rows and " + group.getColumnsSize() + " columns");
        }
        long from = meta(group, 0).getData_page_offset();
        long size = 0;
        for (int i = 0; i < columnNames.size(); i++) {
            ColumnMetaData meta = meta(group, i);
            if (!List.of(columnNames.get(i)).equals(meta.getPath_in_schema())
                    || meta.getCodec() != CompressionCodec.UNCOMPRESSED
                    || meta.getData_page_offset() != from + size
                    || meta.getTotal_compressed_size() < 0
                    || meta.getNum_values() != group.getNum_rows()) {
                throw new CorruptArtifactException("column " + columnNames.get(i) + " does not lie where it should");
            }
            size += Math.min(meta.getTotal_compressed_size(), Integer.MAX_VALUE);
        }
        if (from < 0 || size > ArtifactFormat.ROW_GROUP_BYTES_MAX || from + size > footerOffset) {
            throw new CorruptArtifactException("row group of " + size + " bytes at " + from);
        }
        bytesOffset = from;
        bytes = readInto(bytes, from, (int) size);
        return (int) group.getNum_rows();
    }

    /**
     * The place of a column's values in {@link #bytes}: from, to.
     *
     * @param nullable whether the column has definition levels; they must say that every value is there
     */
    private int[] page(RowGroup group, int column, boolean nullable, Encoding encoding, int count) throws IOException {
        ColumnMetaData meta = meta(group, column);
        int from = (int) (meta.getData_page_offset() - bytesOffset);
        int size = (int) meta.getTotal_compressed_size();
        var input = new ByteArrayInputStream(bytes, from, size);
        PageHeader header = Util.readPageHeader(input);
        int position = from + size - input.available();
        int end = from + size;
        if (header.getType() != PageType.DATA_PAGE
                || header.getData_page_header() == null
                || header.getCompressed_page_size() != end - position
                || header.getData_page_header().getEncoding() != encoding
                || header.getData_page_header().getNum_values() != count) {
            throw new CorruptArtifactException("page of column " + columnNames.get(column) + " is damaged");
        }
        if (nullable) {
            position = skipLevels(position, end, count, column);
        }
        return new int[] {position, end};
    }

    private int skipLevels(int from, int end, int count, int column) {
        int length = end - from < 4 ? -1 : (int) ArtifactFormat.INT_LITTLE_ENDIAN.get(bytes, from);
        int position = from + 4;
        if (length < 2 || length > 6 || length > end - position) {
            throw new CorruptArtifactException("levels of column " + columnNames.get(column) + " are damaged");
        }
        long run = 0;
        for (int i = 0; i < length - 1; i++) {
            run |= (bytes[position + i] & 0x7fL) << (7 * i);
        }
        if (run != (long) count << 1 || bytes[position + length - 1] != 1) {
            throw new CorruptArtifactException("column " + columnNames.get(column) + " has missing values");
        }
        return position + length;
    }

    private void decodeIntegers(RowGroup group, int column, boolean nullable, long[] into, int count)
            throws IOException {
        int[] span = page(group, column, nullable, Encoding.DELTA_BINARY_PACKED, count);
        DeltaPacking.decode(bytes, span[0], span[1], into, count);
    }

    private void decodeDoubles(RowGroup group, int column, double[] into, int count) throws IOException {
        int[] span = page(group, column, true, Encoding.PLAIN, count);
        if (span[1] - span[0] != count * 8) {
            throw new CorruptArtifactException("column " + columnNames.get(column) + " has not " + count + " values");
        }
        ByteBuffer.wrap(bytes, span[0], count * 8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asDoubleBuffer()
                .get(into, 0, count);
    }

    private void locateHistograms(RowGroup group, int column, int count) throws IOException {
        int[] span = page(group, column, true, Encoding.PLAIN, count);
        if (histogramOffsets.length <= count) {
            histogramOffsets = new int[count + 1];
        }
        int position = span[0];
        for (int i = 0; i < count; i++) {
            int length = span[1] - position < 4 ? -1 : (int) ArtifactFormat.INT_LITTLE_ENDIAN.get(bytes, position);
            if (length < 0 || length > span[1] - position - 4) {
                throw new CorruptArtifactException("histogram " + i + " of " + count + " is damaged");
            }
            histogramOffsets[i] = position;
            position += 4 + length;
        }
        if (position != span[1]) {
            throw new CorruptArtifactException("column " + ArtifactFormat.COLUMN_H + " has not " + count + " values");
        }
        histogramOffsets[count] = position;
    }

    @Override
    public StateLayout layout() {
        return layout;
    }

    @Override
    public List<Labels> series() {
        return series;
    }

    @Override
    public List<Annotation> annotations() {
        return annotations;
    }

    @Override
    public boolean next() {
        if (row + 1 >= rows && !nextRowGroup()) {
            return false;
        }
        row++;
        long step = steps[row];
        long ordinal = ordinals[row];
        if (ordinal < 0 || ordinal >= series.size() || step < lastStep || (step == lastStep && ordinal <= lastSeries)) {
            throw new CorruptArtifactException("artifact " + path.getFileName() + ": row (" + step + ", " + ordinal
                    + ") after (" + lastStep + ", " + lastSeries + ") of " + series.size() + " series");
        }
        lastStep = step;
        lastSeries = (int) ordinal;
        return true;
    }

    private boolean nextRowGroup() {
        if (rowGroup == footer.getRow_groupsSize()) {
            return false;
        }
        try {
            RowGroup group = group(rowGroup);
            int count = load(group);
            if (steps.length < count) {
                steps = new long[count];
                v = new double[count];
                c = new double[layout.hasC() ? count : 0];
                n = new long[layout.hasN() ? count : 0];
            }
            if (ordinals.length < count) {
                ordinals = new long[count];
            }
            decodeIntegers(group, 0, true, steps, count);
            decodeIntegers(group, 1, false, ordinals, count);
            decodeDoubles(group, 2, v, count);
            int column = 3;
            if (layout.hasC()) {
                decodeDoubles(group, column++, c, count);
            }
            if (layout.hasN()) {
                decodeIntegers(group, column++, true, n, count);
            }
            if (hasHistograms) {
                locateHistograms(group, column, count);
            }
            rowGroup++;
            rows = count;
            row = -1;
            return true;
        } catch (IOException | RuntimeException e) {
            throw corrupt(path, e);
        }
    }

    @Override
    public long stepMillis() {
        return steps[row];
    }

    @Override
    public int seriesOrdinal() {
        return (int) ordinals[row];
    }

    @Override
    public double v() {
        return v[row];
    }

    @Override
    public double c() {
        return c[row];
    }

    @Override
    public long n() {
        return n[row];
    }

    /** Reads into the array, or into a larger one; leaves slack after the bytes. */
    private byte[] readInto(byte[] into, long offset, int size) throws IOException {
        byte[] target =
                into.length >= size + ArtifactFormat.SLACK_BYTES ? into : new byte[size + ArtifactFormat.SLACK_BYTES];
        ByteBuffer buffer = ByteBuffer.wrap(target, 0, size);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, offset + buffer.position()) < 0) {
                throw new CorruptArtifactException("the file ends early");
            }
        }
        return target;
    }

    @Override
    public @Nullable HistogramCell h() {
        if (!hasHistograms) {
            return null;
        }
        try {
            return HistogramCellBytes.decode(bytes, histogramOffsets[row] + 4, histogramOffsets[row + 1]);
        } catch (CorruptArtifactException e) {
            throw corrupt(path, e);
        }
    }

    @Override
    public byte @Nullable [] cell() {
        if (!hasHistograms || histogramOffsets[row] + 4 == histogramOffsets[row + 1]) {
            return null;
        }
        return Arrays.copyOfRange(bytes, histogramOffsets[row] + 4, histogramOffsets[row + 1]);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("closing artifact " + path.getFileName(), e);
        }
    }
}
