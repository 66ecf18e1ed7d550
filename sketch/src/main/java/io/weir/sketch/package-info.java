/** Mergeable sketches of samples: quantiles, distinct counts, frequencies. Pure: no clock, thread, randomness, input or output. */
@NullMarked
package io.weir.sketch;

import org.jspecify.annotations.NullMarked;
