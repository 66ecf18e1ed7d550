package io.weir.queryworker.exec;

import io.weir.lake.segment.BlockReader;
import java.nio.file.Path;

/** Opens the blocks of segments. Thread-safe; each reader serves one thread. */
@FunctionalInterface
public interface BlockReaders {
    /**
     * A reader of a blocks file.
     *
     * @param segment named in errors
     */
    BlockReader open(Path blocks, String segment);
}
