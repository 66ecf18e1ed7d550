/** Sketches that were pushed, until ticks read them. */
@NullMarked
package io.weir.precompute.source.pushed;

import org.jspecify.annotations.NullMarked;
