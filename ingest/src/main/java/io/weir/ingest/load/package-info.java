/** Streaming loads of OpenMetrics text into a remote-write endpoint. */
@NullMarked
package io.weir.ingest.load;

import org.jspecify.annotations.NullMarked;
