/** Weir's own queries as jobs: their snapshots, events and history, written beside the query's path. */
@NullMarked
package io.weir.eventstats.feed;

import org.jspecify.annotations.NullMarked;
