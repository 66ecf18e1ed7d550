/** The schema of event statistics and first signals, and the connection pools to it. */
@NullMarked
package io.weir.eventstats.database;

import org.jspecify.annotations.NullMarked;
