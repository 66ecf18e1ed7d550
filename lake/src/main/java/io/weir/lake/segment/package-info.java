/** Segments: writer, series index, and the door to the blocks. */
@NullMarked
package io.weir.lake.segment;

import org.jspecify.annotations.NullMarked;
