/** Raw rows of a topic, page by page. */
@NullMarked
package io.weir.eventstats.stats.paging;

import org.jspecify.annotations.NullMarked;
