/** Event statistics and first signals, put together: what an API process starts, and its routes. */
@NullMarked
package io.weir.eventstats;

import org.jspecify.annotations.NullMarked;
