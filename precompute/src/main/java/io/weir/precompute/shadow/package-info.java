/** Computes a share of the answers from results again, exactly, to tell how far off they are. */
@NullMarked
package io.weir.precompute.shadow;

import org.jspecify.annotations.NullMarked;
