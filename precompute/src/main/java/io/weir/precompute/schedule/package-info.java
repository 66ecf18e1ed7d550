/** Runs jobs at their granularity. */
@NullMarked
package io.weir.precompute.schedule;

import org.jspecify.annotations.NullMarked;
