/** From memory to registered segments, exactly once. */
@NullMarked
package io.weir.ingest.flush;

import org.jspecify.annotations.NullMarked;
