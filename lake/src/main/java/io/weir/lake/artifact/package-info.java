/** The Parquet artifacts by which workers hand results to an API process. */
@NullMarked
package io.weir.lake.artifact;

import org.jspecify.annotations.NullMarked;
