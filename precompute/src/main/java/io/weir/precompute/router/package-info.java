/** Decides which queries the results of jobs answer. */
@NullMarked
package io.weir.precompute.router;

import org.jspecify.annotations.NullMarked;
