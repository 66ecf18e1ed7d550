package io.weir.lake.parquet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/** Writes and reads back one file with every kind of column; a program of its own so that it can run without Hadoop's jar. */
public final class TestingParquetRoundTrip {
    static final MessageType SCHEMA = MessageTypeParser.parseMessageType("""
        message weir {
          required int32 i;
          required int64 l;
          required double d;
          required binary b;
          required binary s (STRING);
          required group labels (MAP) {
            repeated group key_value {
              required binary key (STRING);
              required binary value (STRING);
            }
          }
        }\
        """);
    static final long[] NASTY = {
        0x7ff0000000000002L, 0x7ff8000000000001L, 0xfff8deadbeef0000L, 0x8000000000000000L, 0L, 1L, 0x7ff0000000000000L
    };

    private TestingParquetRoundTrip() {}

    public static void main(String[] arguments) throws IOException {
        Path path = Path.of(arguments[0]);
        write(path, 5_000);
        verify(path, 5_000);
        System.out.println("round trip good");
    }

    static void write(Path path, int rows) throws IOException {
        ParquetWriteSettings settings =
                new ParquetWriteSettings(2_048, 1 << 24, 8_192, 500, Set.of("s", "labels.key_value.key"), Set.of("b"));
        try (ParquetTableWriter writer = ParquetTableWriter.create(path, SCHEMA, settings)) {
            ColumnSink ints = writer.column("i");
            ColumnSink longs = writer.column("l");
            ColumnSink doubles = writer.column("d");
            ColumnSink bytes = writer.column("b");
            ColumnSink strings = writer.column("s");
            ColumnSink keys = writer.column("labels", "key_value", "key");
            ColumnSink values = writer.column("labels", "key_value", "value");
            byte[] reused = new byte[20];
            for (int row = 0; row < rows; row++) {
                ints.putInt(row);
                longs.putLong(row * 1_000_000_007L);
                doubles.putDouble(Double.longBitsToDouble(NASTY[row % NASTY.length]));
                reused[3] = (byte) row;
                bytes.putBytes(reused, 3, row % 10);
                strings.putString("s" + row % 7);
                if (row % 4 == 0) {
                    keys.putNothing(0, 0);
                    values.putNothing(0, 0);
                }
                for (int i = 0; i < row % 4; i++) {
                    keys.putString("k" + i, i == 0 ? 0 : 1);
                    values.putString("v" + row, i == 0 ? 0 : 1);
                }
                writer.endRow();
            }
            writer.finish(Map.of("weir.schema", "7"));
        }
    }

    static void verify(Path path, int rows) throws IOException {
        try (ParquetTableReader reader = ParquetTableReader.open(path)) {
            check(reader.rowCount() == rows, "rows");
            check("7".equals(reader.keyValues().get("weir.schema")), "metadata");
            int first = 0;
            for (int group = 0; group < reader.rowGroupCount(); group++) {
                long[] range = reader.range(group, "i");
                check(range != null && range[0] == first, "range");
                check(reader.range(group, "b") == null, "no statistics");
                verifyRowGroup(
                        reader.read(
                                group,
                                List.of("i", "l", "d", "b", "s", "labels.key_value.key", "labels.key_value.value")),
                        first);
                first += reader.rowCount(group);
            }
            check(first == rows, "all row groups");
        }
    }

    private static void verifyRowGroup(ParquetRowGroup group, int first) throws IOException {
        int rows = group.rowCount();
        int[] ints = new int[rows];
        long[] longs = new long[rows];
        double[] doubles = new double[rows];
        Binary[] bytes = new Binary[rows];
        Binary[] strings = new Binary[rows];
        group.readInts("i", ints);
        group.readLongs("l", longs);
        group.readDoubles("d", doubles);
        group.readBinaries("b", bytes);
        group.readBinaries("s", strings);
        ColumnReader values = group.reader("labels.key_value.value");
        for (int i = 0; i < rows; i++) {
            int row = first + i;
            check(ints[i] == row && longs[i] == row * 1_000_000_007L, "integers");
            check(Double.doubleToRawLongBits(doubles[i]) == NASTY[row % NASTY.length], "double bits");
            check(bytes[i].length() == row % 10, "bytes");
            check(row % 10 == 0 || bytes[i].getBytes()[0] == (byte) row, "byte");
            check(new String(strings[i].getBytes(), StandardCharsets.UTF_8).equals("s" + row % 7), "string");
            for (int k = 0; k < Math.max(1, row % 4); k++) {
                check(values.getCurrentRepetitionLevel() == (k == 0 ? 0 : 1), "repetition level");
                if (row % 4 > 0) {
                    check(values.getBinary().toStringUsingUTF8().equals("v" + row), "map value");
                }
                values.consume();
            }
        }
    }

    private static void check(boolean condition, String what) {
        if (!condition) {
            throw new IllegalStateException("wrong: " + what);
        }
    }
}
