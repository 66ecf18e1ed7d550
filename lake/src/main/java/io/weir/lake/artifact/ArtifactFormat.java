package io.weir.lake.artifact;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Names and bounds that the writer and the reader of artifacts share. */
final class ArtifactFormat {
    /** Of a result of floats. */
    static final int SCHEMA_VERSION = 1;
    /** Of a result with histograms: one column more. */
    static final int SCHEMA_VERSION_HISTOGRAMS = 2;

    static final String COLUMN_STEP = "step_ts";
    static final String COLUMN_SERIES = "series";
    static final String COLUMN_V = "v";
    static final String COLUMN_C = "c";
    static final String COLUMN_N = "n";
    static final String COLUMN_H = "h";
    static final String COLUMN_LABELS = "labels";

    static final String KEY_SCHEMA_VERSION = "parquet_schema_version";
    static final String KEY_WORK_ID = "work_id";
    static final String KEY_LAYOUT = "layout";
    static final String KEY_SERIES_COUNT = "series_count";
    static final String KEY_ANNOTATIONS = "annotations";

    /** Most rows of a row group: what a reader holds of one artifact is at most this many rows. */
    static final int ROW_GROUP_ROWS_MAX = 1 << 16;
    /** A row group of series is closed when its label text has grown past this. */
    static final int LABEL_BYTES_TARGET = 4 << 20;
    /** Longest label text of one series that a reader accepts. */
    static final int LABEL_BYTES_MAX = 16 << 20;
    /** A row group of results is closed when its histograms have grown past this. */
    static final int HISTOGRAM_BYTES_TARGET = LABEL_BYTES_TARGET;
    /** Most bytes of one histogram cell. */
    static final int HISTOGRAM_BYTES_MAX = LABEL_BYTES_MAX;
    /** Most bytes of a row group that a reader accepts. */
    static final int ROW_GROUP_BYTES_MAX = LABEL_BYTES_TARGET + LABEL_BYTES_MAX + ROW_GROUP_ROWS_MAX * 64;
    /** Most series of one artifact; keeps differences of ordinals within 32 bits. */
    static final int SERIES_MAX = 1 << 30;
    /** Bytes that must be readable after packed integers, so that they can be loaded eight bytes at a time. */
    static final int SLACK_BYTES = 16;

    static final byte[] MAGIC = {'P', 'A', 'R', '1'};

    static final VarHandle LONG_LITTLE_ENDIAN =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle INT_LITTLE_ENDIAN =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private ArtifactFormat() {}

    static boolean isKnownVersion(int version) {
        return version == SCHEMA_VERSION || version == SCHEMA_VERSION_HISTOGRAMS;
    }

    static String unknownVersion(int version) {
        return "schema version " + version + ", this reader knows " + SCHEMA_VERSION + " and "
                + SCHEMA_VERSION_HISTOGRAMS + "; run API and workers of the same release";
    }

    static boolean isMagic(byte[] bytes, int offset) {
        return Arrays.equals(bytes, offset, offset + MAGIC.length, MAGIC, 0, MAGIC.length);
    }
}
