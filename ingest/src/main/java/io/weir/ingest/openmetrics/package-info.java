/** Streaming parsers of the Prometheus and OpenMetrics text formats. */
@NullMarked
package io.weir.ingest.openmetrics;

import org.jspecify.annotations.NullMarked;
