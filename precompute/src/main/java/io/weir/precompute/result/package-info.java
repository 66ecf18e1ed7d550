/** Results of ticks, and where queries find them. */
@NullMarked
package io.weir.precompute.result;

import org.jspecify.annotations.NullMarked;
