package io.weir.lake.artifact;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Statistics;
import org.jspecify.annotations.Nullable;

/**
 * What an artifact says of itself in its footer, to be compared with what its worker announced. Size and checksum are the transport's.
 *
 * @param minTimestampMillis earliest step, or 0 without rows
 * @param maxTimestampMillis latest step, or 0 without rows
 */
public record ArtifactContract(
        String workId, long rowCount, long minTimestampMillis, long maxTimestampMillis, int schemaVersion) {

    /**
     * Reads a file's footer.
     *
     * @throws CorruptArtifactException if it is no artifact, or one of a version that this release does not know
     */
    public static ArtifactContract read(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return of(ArtifactFooter.read(channel));
        } catch (IOException e) {
            throw new CorruptArtifactException("artifact " + file.getFileName() + ": " + e.getMessage(), e);
        }
    }

    /** Whether this release can read artifacts of a version. */
    public static boolean isKnownVersion(int schemaVersion) {
        return ArtifactFormat.isKnownVersion(schemaVersion);
    }

    /** What to say of a version that is not known. */
    public static String unknownVersion(int schemaVersion) {
        return ArtifactFormat.unknownVersion(schemaVersion);
    }

    private static ArtifactContract of(ArtifactFooter footer) {
        long rows = 0;
        long min = 0;
        long max = 0;
        List<RowGroup> groups = footer.parquet().getRow_groups();
        if (groups == null) {
            throw new CorruptArtifactException("the footer has no row groups");
        }
        for (RowGroup group : groups) {
            Statistics steps = stepStatistics(group);
            // The groups that hold the series have no steps.
            if (steps != null) {
                min = rows == 0 ? millis(steps.getMin_value()) : min;
                max = millis(steps.getMax_value());
                rows += group.getNum_rows();
            }
        }
        return new ArtifactContract(footer.text(ArtifactFormat.KEY_WORK_ID), rows, min, max, footer.schemaVersion());
    }

    private static @Nullable Statistics stepStatistics(RowGroup group) {
        List<ColumnChunk> columns = group.getColumns();
        if (columns == null || columns.isEmpty() || columns.getFirst().getMeta_data() == null) {
            throw new CorruptArtifactException("a row group has no columns");
        }
        return columns.getFirst().getMeta_data().getStatistics();
    }

    private static long millis(byte @Nullable [] value) {
        if (value == null || value.length != Long.BYTES) {
            throw new CorruptArtifactException("the statistics of the steps are no times");
        }
        return ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }
}
