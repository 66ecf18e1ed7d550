package io.weir.lake.parquet;

import java.util.Set;

/**
 * The shape of a Parquet file to write. Columns are named by their dotted path.
 *
 * @param rowGroupRowsMax rows after which a row group ends
 * @param rowGroupBytesMax buffered bytes after which a row group ends, also before its rows are full: the bound on memory
 * @param pageBytesMax bytes after which a page ends
 * @param pageRowsMax rows after which a page ends
 * @param dictionaryColumns string columns with a dictionary; never doubles, whose NaN payloads a dictionary may merge
 * @param columnsWithoutStatistics columns whose smallest and largest values are not worth their bytes
 */
public record ParquetWriteSettings(
        int rowGroupRowsMax,
        long rowGroupBytesMax,
        int pageBytesMax,
        int pageRowsMax,
        Set<String> dictionaryColumns,
        Set<String> columnsWithoutStatistics) {
    public static final ParquetWriteSettings DEFAULT =
            new ParquetWriteSettings(122_880, 64L << 20, 1 << 20, 20_000, Set.of(), Set.of());

    public ParquetWriteSettings {
        if (rowGroupRowsMax < 1 || rowGroupBytesMax < 1 || pageBytesMax < 1024 || pageRowsMax < 1) {
            throw new IllegalArgumentException("row group and page limits must be positive, pages at least 1024 bytes");
        }
        dictionaryColumns = Set.copyOf(dictionaryColumns);
        columnsWithoutStatistics = Set.copyOf(columnsWithoutStatistics);
    }

    public ParquetWriteSettings withRowGroupRowsMax(int rows) {
        return new ParquetWriteSettings(
                rows, rowGroupBytesMax, pageBytesMax, pageRowsMax, dictionaryColumns, columnsWithoutStatistics);
    }

    public ParquetWriteSettings withDictionaryColumns(Set<String> columns) {
        return new ParquetWriteSettings(
                rowGroupRowsMax, rowGroupBytesMax, pageBytesMax, pageRowsMax, columns, columnsWithoutStatistics);
    }

    public ParquetWriteSettings withoutStatistics(Set<String> columns) {
        return new ParquetWriteSettings(
                rowGroupRowsMax, rowGroupBytesMax, pageBytesMax, pageRowsMax, dictionaryColumns, columns);
    }
}
