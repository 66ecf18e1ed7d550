/** What precompute says of itself on {@code /metrics}. */
@NullMarked
package io.weir.precompute.metrics;

import org.jspecify.annotations.NullMarked;
