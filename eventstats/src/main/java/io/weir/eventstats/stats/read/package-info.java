/** The bounded, read-only way to the database. */
@NullMarked
package io.weir.eventstats.stats.read;

import org.jspecify.annotations.NullMarked;
