/** Removal of old rows of first signals, their events and the history of queries, by one process at a time. */
@NullMarked
package io.weir.eventstats.retention;

import org.jspecify.annotations.NullMarked;
