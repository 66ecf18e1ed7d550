package io.weir.lake.parquet;

import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.column.values.ValuesWriter;
import org.apache.parquet.column.values.delta.DeltaBinaryPackingValuesWriterForInteger;
import org.apache.parquet.column.values.delta.DeltaBinaryPackingValuesWriterForLong;
import org.apache.parquet.column.values.deltalengthbytearray.DeltaLengthByteArrayValuesWriter;
import org.apache.parquet.column.values.factory.DefaultV2ValuesWriterFactory;
import org.apache.parquet.column.values.factory.ValuesWriterFactory;
import org.apache.parquet.column.values.plain.PlainValuesWriter;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;

/** Chooses one fixed encoding per physical type: integers as packed deltas, doubles plain, bytes with their lengths first. */
final class ColumnEncodings implements ValuesWriterFactory {
    private static final int SLAB_BYTES = 4096;

    private final DefaultV2ValuesWriterFactory dictionaries = new DefaultV2ValuesWriterFactory();
    private ParquetProperties properties = ParquetProperties.builder().build();

    @Override
    public void initialize(ParquetProperties properties) {
        this.properties = properties;
        dictionaries.initialize(properties);
    }

    @Override
    public ValuesWriter newValuesWriter(ColumnDescriptor descriptor) {
        PrimitiveTypeName type = descriptor.getPrimitiveType().getPrimitiveTypeName();
        int pageBytes = properties.getPageSizeThreshold();
        if (type == PrimitiveTypeName.INT64) {
            return new DeltaBinaryPackingValuesWriterForLong(SLAB_BYTES, pageBytes, properties.getAllocator());
        } else if (type == PrimitiveTypeName.INT32) {
            return new DeltaBinaryPackingValuesWriterForInteger(SLAB_BYTES, pageBytes, properties.getAllocator());
        } else if (type == PrimitiveTypeName.DOUBLE || type == PrimitiveTypeName.FLOAT) {
            return new PlainValuesWriter(SLAB_BYTES, pageBytes, properties.getAllocator());
        } else if (type == PrimitiveTypeName.BINARY && !properties.isDictionaryEnabled(descriptor)) {
            return new DeltaLengthByteArrayValuesWriter(SLAB_BYTES, pageBytes, properties.getAllocator());
        }
        return dictionaries.newValuesWriter(descriptor);
    }
}
