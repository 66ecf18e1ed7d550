/** Deletes what is older than it has to be kept. */
@NullMarked
package io.weir.ingest.retention;

import org.jspecify.annotations.NullMarked;
