/** Series-major evaluation of a leaf: per-series kernels and, on top, one mergeable aggregation. */
@NullMarked
package io.weir.promql.leaf;

import org.jspecify.annotations.NullMarked;
