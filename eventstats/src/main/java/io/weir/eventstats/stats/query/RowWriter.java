package io.weir.eventstats.stats.query;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.weir.eventstats.stats.registry.ColumnType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** Writes rows of the database as a JSON array of objects, up to a number of bytes. */
public final class RowWriter {
    private static final JsonFactory JSON = new JsonFactory();

    private final int bytesMax;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(4096);
    private int rows;

    public RowWriter(int bytesMax) {
        this.bytesMax = bytesMax;
        bytes.write('[');
    }

    /** Writes the fields of an object. */
    @FunctionalInterface
    public interface Fields {
        void write(JsonGenerator json) throws IOException, SQLException;
    }

    /** Adds a row; false if it is too much for the bytes that are left, and is not there. The first one always is. */
    public boolean add(Fields fields) throws SQLException {
        ByteArrayOutputStream row = new ByteArrayOutputStream(512);
        try (JsonGenerator json = JSON.createGenerator(row)) {
            json.writeStartObject();
            fields.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot fail", e);
        }
        if (rows > 0) {
            if (bytes.size() + row.size() + 2L > bytesMax) {
                return false;
            }
            bytes.write(',');
        }
        bytes.writeBytes(row.toByteArray());
        rows++;
        return true;
    }

    public int rows() {
        return rows;
    }

    /** The array; the writer is done with. */
    public byte[] finish() {
        bytes.write(']');
        return bytes.toByteArray();
    }

    /** Writes a column of a result set; NULL, NaN and infinity are null. */
    public static void column(JsonGenerator json, ResultSet rows, int index, String name, ColumnType type)
            throws IOException, SQLException {
        json.writeFieldName(name);
        switch (type) {
            case STRING -> json.writeString(rows.getString(index));
            case INTEGER -> {
                long value = rows.getLong(index);
                if (rows.wasNull()) {
                    json.writeNull();
                } else {
                    json.writeNumber(value);
                }
            }
            case NUMBER -> number(json, rows.getString(index));
            case BOOLEAN -> {
                boolean value = rows.getBoolean(index);
                if (rows.wasNull()) {
                    json.writeNull();
                } else {
                    json.writeBoolean(value);
                }
            }
            case TIMESTAMP -> json.writeString(instant(rows.getObject(index, OffsetDateTime.class)));
            case JSON -> {
                String value = rows.getString(index);
                if (value == null) {
                    json.writeNull();
                } else {
                    json.writeRawValue(value);
                }
            }
        }
    }

    /** PostgreSQL's text of a number keeps all its digits, and is JSON's but for what is no number. */
    private static void number(JsonGenerator json, @Nullable String text) throws IOException {
        if (text == null || text.equals("NaN") || text.endsWith("Infinity")) {
            json.writeNull();
        } else {
            json.writeNumber(new BigDecimal(text));
        }
    }

    private static @Nullable String instant(@Nullable OffsetDateTime time) {
        if (time == null || time.equals(OffsetDateTime.MAX) || time.equals(OffsetDateTime.MIN)) {
            return null;
        }
        return time.withOffsetSameInstant(ZoneOffset.UTC).format(DateTimeFormatter.ISO_OFFSET_DATE_TIME);
    }
}
