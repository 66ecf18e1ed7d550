/** Precompute between real processes. */
@NullMarked
package io.weir.precomputing;

import org.jspecify.annotations.NullMarked;
