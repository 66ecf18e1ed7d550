/** Executes a leaf: series index, DuckDB block scan, kernels, artifact. */
@NullMarked
package io.weir.queryworker.exec;

import org.jspecify.annotations.NullMarked;
