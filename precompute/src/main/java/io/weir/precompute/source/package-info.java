/** Where ticks get their data from. */
@NullMarked
package io.weir.precompute.source;

import org.jspecify.annotations.NullMarked;
