package io.weir.lake.segment;

import io.weir.lake.codec.BlockFormat;
import java.util.List;
import java.util.Map;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/** Columns and metadata of a segment's two Parquet files. */
public final class SegmentTables {
    /** The columns of the blocks file, see {@link io.weir.lake.codec.EncodedBlock}. */
    static final MessageType BLOCKS = MessageTypeParser.parseMessageType("""
        message blocks {
          required int32 series;
          required int64 t0;
          required int64 t1;
          required int32 n;
          required int64 dt;
          required int32 tw;
          required int32 tx;
          required int32 kind;
          required int32 e;
          required int32 w;
          required int64 m0;
          required int64 dmin;
          required int32 vx;
          required int32 rx;
          required binary bits;
        }\
        """);

    static final List<String> BLOCK_COLUMNS =
            List.of("series", "t0", "t1", "n", "dt", "tw", "tx", "kind", "e", "w", "m0", "dmin", "vx", "rx", "bits");

    static final MessageType SERIES = MessageTypeParser.parseMessageType("""
        message series {
          required int32 ordinal;
          required binary metric (STRING);
          required int32 shard;
          required int64 min_time;
          required int64 max_time;
          required int64 samples;
          required group labels (MAP) {
            repeated group key_value {
              required binary key (STRING);
              required binary value (STRING);
            }
          }
        }\
        """);

    static final String LABEL_NAME = "labels.key_value.key";
    static final String LABEL_VALUE = "labels.key_value.value";

    /** Key of the schema version in both files' metadata. */
    public static final String VERSION_KEY = "weir.schema";

    private SegmentTables() {}

    static Map<String, String> metadata() {
        return Map.of(VERSION_KEY, Integer.toString(BlockFormat.SCHEMA_VERSION));
    }

    static void checkVersion(String segment, Map<String, String> keyValues) {
        String version = keyValues.get(VERSION_KEY);
        if (!Integer.toString(BlockFormat.SCHEMA_VERSION).equals(version)) {
            throw new CorruptSegmentException("segment " + segment + " has schema version " + version
                    + ", this version of Weir reads " + BlockFormat.SCHEMA_VERSION + ": run a newer Weir");
        }
    }
}
