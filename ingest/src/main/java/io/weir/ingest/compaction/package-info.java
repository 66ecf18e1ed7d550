/** The work-queue jobs that merge small segments into larger ones. */
@NullMarked
package io.weir.ingest.compaction;

import org.jspecify.annotations.NullMarked;
