/** Metrics and the live view of workers and queries. */
@NullMarked
package io.weir.queryapi.monitor;

import org.jspecify.annotations.NullMarked;
