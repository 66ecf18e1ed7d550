/** Who watches which job or run, and how changes reach them. */
@NullMarked
package io.weir.eventstats.signal.stream;

import org.jspecify.annotations.NullMarked;
