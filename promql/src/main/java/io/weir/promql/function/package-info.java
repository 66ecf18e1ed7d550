/** The arithmetic of PromQL on single numbers, with Go's semantics. */
@NullMarked
package io.weir.promql.function;

import org.jspecify.annotations.NullMarked;
