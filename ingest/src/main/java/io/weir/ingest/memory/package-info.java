/** The samples that are acknowledged but not yet in a segment, by series. */
@NullMarked
package io.weir.ingest.memory;

import org.jspecify.annotations.NullMarked;
