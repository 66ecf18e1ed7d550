/** The one thread that orders writes: log, fsync, memory, acknowledgement. */
@NullMarked
package io.weir.ingest.commit;

import org.jspecify.annotations.NullMarked;
