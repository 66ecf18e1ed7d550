/** Raw rows and named statistics of topics, over HTTP in the shapes of EventGate. */
@NullMarked
package io.weir.eventstats.stats;

import org.jspecify.annotations.NullMarked;
