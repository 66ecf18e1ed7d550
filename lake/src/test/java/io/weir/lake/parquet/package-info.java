/** Tests of Parquet without Hadoop. */
@NullMarked
package io.weir.lake.parquet;

import org.jspecify.annotations.NullMarked;
