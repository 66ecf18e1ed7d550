/** How many workers the load asks for, as the autoscaler polls it: a pure formula and the memory that keeps its answer steady. */
@NullMarked
package io.weir.queryapi.autoscale;

import org.jspecify.annotations.NullMarked;
