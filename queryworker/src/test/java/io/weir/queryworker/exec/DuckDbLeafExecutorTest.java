package io.weir.queryworker.exec;

/** {@link LeafExecutorTest} with DuckDB as the reader of blocks. */
final class DuckDbLeafExecutorTest extends LeafExecutorTest {
    @Override
    BlockReaders readers(DuckDbPool duckDbPool, MappedBlockReaders mappedReaders) {
        return duckDbPool::open;
    }
}
