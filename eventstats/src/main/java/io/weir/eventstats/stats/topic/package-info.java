/** Topics and how the rows of each are read, filtered by what a caller may see. */
@NullMarked
package io.weir.eventstats.stats.topic;

import org.jspecify.annotations.NullMarked;
