package io.weir.lake.parquet;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.apache.parquet.bytes.ByteBufferInputStream;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.Dictionary;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.ValuesType;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.column.values.ValuesReader;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;

/**
 * The columns of one row group in memory. Each column can be read once. The bulk methods are for required, flat columns and fill
 * the first {@link #rowCount} elements of an array; {@link #reader} is for every other column.
 */
public final class ParquetRowGroup {
    private final Path path;
    private final MessageType schema;
    private final PageReadStore store;
    private final int rowCount;

    ParquetRowGroup(Path path, MessageType schema, PageReadStore store, int rowCount) {
        this.path = path;
        this.schema = schema;
        this.store = store;
        this.rowCount = rowCount;
    }

    public int rowCount() {
        return rowCount;
    }

    public void readInts(String column, int[] into) throws IOException {
        forEachPage(column, PrimitiveTypeName.INT32, (values, encoding, in, from, count) -> {
            for (int i = from; i < from + count; i++) {
                into[i] = values.readInteger();
            }
        });
    }

    public void readLongs(String column, long[] into) throws IOException {
        forEachPage(column, PrimitiveTypeName.INT64, (values, encoding, in, from, count) -> {
            for (int i = from; i < from + count; i++) {
                into[i] = values.readLong();
            }
        });
    }

    /** Values with their exact bits. */
    public void readDoubles(String column, double[] into) throws IOException {
        forEachPage(column, PrimitiveTypeName.DOUBLE, (values, encoding, in, from, count) -> {
            if (encoding == Encoding.PLAIN) {
                ByteBuffer bytes = in.slice(count * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asDoubleBuffer().get(into, from, count);
            } else {
                for (int i = from; i < from + count; i++) {
                    into[i] = values.readDouble();
                }
            }
        });
    }

    /** Bytes as views into the row group's memory; they stay valid as long as they are referenced. */
    public void readBinaries(String column, Binary[] into) throws IOException {
        forEachPage(column, PrimitiveTypeName.BINARY, (values, encoding, in, from, count) -> {
            for (int i = from; i < from + count; i++) {
                into[i] = values.readBytes();
            }
        });
    }

    /** Reader of any column with levels; its runtime exceptions on damaged data are the caller's to map. */
    public ColumnReader reader(String column) throws IOException {
        ColumnDescriptor descriptor = descriptor(column);
        try {
            return new ColumnReadStoreImpl(store, new NoRecords(schema), schema, "weir").getColumnReader(descriptor);
        } catch (RuntimeException e) {
            throw ParquetTableReader.damaged(path, e);
        }
    }

    @FunctionalInterface
    private interface PageSink {
        void read(ValuesReader values, Encoding encoding, ByteBufferInputStream in, int from, int count)
                throws IOException;
    }

    private ColumnDescriptor descriptor(String column) throws IOException {
        String[] names = column.split("\\.", -1);
        if (!schema.containsPath(names)) {
            throw new IOException(path.getFileName() + " has no column " + column);
        }
        return schema.getColumnDescription(names);
    }

    private void forEachPage(String column, PrimitiveTypeName type, PageSink sink) throws IOException {
        ColumnDescriptor descriptor = descriptor(column);
        if (descriptor.getMaxDefinitionLevel() != 0 || descriptor.getMaxRepetitionLevel() != 0) {
            throw new IOException(path.getFileName() + ": column " + column + " is not a required, flat column");
        } else if (descriptor.getPrimitiveType().getPrimitiveTypeName() != type) {
            throw new IOException(path.getFileName() + ": column " + column + " is "
                    + descriptor.getPrimitiveType().getPrimitiveTypeName() + ", not " + type);
        }
        try {
            PageReader reader = store.getPageReader(descriptor);
            DictionaryPage dictionaryPage = reader.readDictionaryPage();
            Dictionary dictionary = dictionaryPage == null
                    ? null
                    : dictionaryPage.getEncoding().initDictionary(descriptor, dictionaryPage);
            int row = 0;
            for (DataPage page = reader.readPage(); page != null; page = reader.readPage()) {
                int count = page.getValueCount();
                if (count < 0 || count > rowCount - row) {
                    throw new IOException(path.getFileName() + ": column " + column + " has more values than rows");
                }
                Encoding encoding = encoding(page);
                ByteBufferInputStream in = data(page);
                ValuesReader values = encoding.usesDictionary() && dictionary != null
                        ? encoding.getDictionaryBasedValuesReader(descriptor, ValuesType.VALUES, dictionary)
                        : encoding.getValuesReader(descriptor, ValuesType.VALUES);
                if (!(encoding == Encoding.PLAIN && type == PrimitiveTypeName.DOUBLE)) {
                    values.initFromPage(count, in);
                }
                sink.read(values, encoding, in, row, count);
                row += count;
            }
            if (row != rowCount) {
                throw new IOException(path.getFileName() + ": column " + column + " has " + row + " values for "
                        + rowCount + " rows");
            }
        } catch (RuntimeException e) {
            throw ParquetTableReader.damaged(path, e);
        }
    }

    private static Encoding encoding(DataPage page) {
        return page.accept(new DataPage.Visitor<Encoding>() {
            @Override
            public Encoding visit(DataPageV1 v1) {
                return v1.getValueEncoding();
            }

            @Override
            public Encoding visit(DataPageV2 v2) {
                return v2.getDataEncoding();
            }
        });
    }

    private static ByteBufferInputStream data(DataPage page) throws IOException {
        if (page instanceof DataPageV2 v2) {
            return v2.getData().toInputStream();
        } else if (page instanceof DataPageV1 v1) {
            return v1.getBytes().toInputStream();
        }
        throw new IOException("unknown kind of Parquet page");
    }

    /** The record builder parquet-java asks for and never calls, because we read columns. */
    private static final class NoRecords extends GroupConverter {
        private final GroupType type;

        NoRecords(GroupType type) {
            this.type = type;
        }

        @Override
        public Converter getConverter(int fieldIndex) {
            Type field = type.getType(fieldIndex);
            return field.isPrimitive() ? new PrimitiveConverter() {} : new NoRecords(field.asGroupType());
        }

        @Override
        public void start() {}

        @Override
        public void end() {}
    }
}
