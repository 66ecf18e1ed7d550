/** Snapshots of first signals in PostgreSQL. */
@NullMarked
package io.weir.eventstats.signal.store;

import org.jspecify.annotations.NullMarked;
