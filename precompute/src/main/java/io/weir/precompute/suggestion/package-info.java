/** Finds, in the history of queries, jobs that would pay off, and jobs that do not. */
@NullMarked
package io.weir.precompute.suggestion;

import org.jspecify.annotations.NullMarked;
