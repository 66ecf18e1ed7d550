/** From the sketches of a window to a vector. */
@NullMarked
package io.weir.precompute.evaluate;

import org.jspecify.annotations.NullMarked;
