/** Precompute: everything put together. */
@NullMarked
package io.weir.precompute;

import org.jspecify.annotations.NullMarked;
