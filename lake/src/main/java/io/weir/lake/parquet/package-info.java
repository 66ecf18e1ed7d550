/** Parquet without Hadoop: the few classes parquet-java needs to write and read. */
@NullMarked
package io.weir.lake.parquet;

import org.jspecify.annotations.NullMarked;
