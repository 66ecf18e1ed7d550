package io.weir.lake.parquet;

import java.nio.charset.StandardCharsets;
import org.apache.parquet.column.ColumnWriter;
import org.apache.parquet.io.api.Binary;
import org.jspecify.annotations.Nullable;

/**
 * Takes the values of one column, one per row unless it is optional or repeated. The methods without levels are for required
 * columns; the others take Dremel's repetition and definition level.
 */
public final class ColumnSink {
    private final int definitionLevelMax;
    private @Nullable ColumnWriter writer;

    ColumnSink(int definitionLevelMax) {
        this.definitionLevelMax = definitionLevelMax;
    }

    void use(ColumnWriter writer) {
        this.writer = writer;
    }

    private ColumnWriter writer() {
        ColumnWriter current = writer;
        if (current == null) {
            throw new IllegalStateException("the file is finished");
        }
        return current;
    }

    public void putInt(int value) {
        writer().write(value, 0, definitionLevelMax);
    }

    public void putLong(long value) {
        writer().write(value, 0, definitionLevelMax);
    }

    public void putDouble(double value) {
        writer().write(value, 0, definitionLevelMax);
    }

    /** Copies the bytes; the array may be reused at once. */
    public void putBytes(byte[] bytes, int offset, int length) {
        writer().write(Binary.fromReusedByteArray(bytes, offset, length), 0, definitionLevelMax);
    }

    public void putString(String value) {
        putString(value, 0);
    }

    /** A string of a repeated column; repetition level 0 starts a row. */
    public void putString(String value, int repetitionLevel) {
        writer().write(
                        Binary.fromConstantByteArray(value.getBytes(StandardCharsets.UTF_8)),
                        repetitionLevel,
                        definitionLevelMax);
    }

    /** A double of a repeated column; repetition level 0 starts a row. */
    public void putDouble(double value, int repetitionLevel) {
        writer().write(value, repetitionLevel, definitionLevelMax);
    }

    /** A long of a repeated column; repetition level 0 starts a row. */
    public void putLong(long value, int repetitionLevel) {
        writer().write(value, repetitionLevel, definitionLevelMax);
    }

    /** No value: null or an empty list, as the definition level says. */
    public void putNothing(int repetitionLevel, int definitionLevel) {
        writer().writeNull(repetitionLevel, definitionLevel);
    }
}
