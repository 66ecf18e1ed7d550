/** Comparison of the engine with a real Prometheus. */
@NullMarked
package io.weir.promql.differential;

import org.jspecify.annotations.NullMarked;
