/** Queries that no user waits for: ticks of precompute jobs and checks of their answers. */
@NullMarked
package io.weir.queryapi.background;

import org.jspecify.annotations.NullMarked;
