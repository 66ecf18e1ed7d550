/** Runs named queries: parameters of a request, rows, results kept for a while. */
@NullMarked
package io.weir.eventstats.stats.query;

import org.jspecify.annotations.NullMarked;
