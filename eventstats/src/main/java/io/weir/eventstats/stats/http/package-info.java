/** The routes under /stats and /health. */
@NullMarked
package io.weir.eventstats.stats.http;

import org.jspecify.annotations.NullMarked;
