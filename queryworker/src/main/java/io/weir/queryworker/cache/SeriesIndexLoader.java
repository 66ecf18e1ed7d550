package io.weir.queryworker.cache;

import io.weir.lake.segment.SeriesIndex;
import io.weir.proto.leaf.v1.Segment;
import java.io.IOException;
import java.nio.file.Path;

/** Reads a segment's series file into memory. */
@FunctionalInterface
public interface SeriesIndexLoader {
    /**
     * Reads the file.
     *
     * @throws io.weir.lake.segment.CorruptSegmentException if the file is not what its writer wrote
     */
    SeriesIndex load(Segment segment, Path seriesFile) throws IOException;
}
