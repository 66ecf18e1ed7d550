/** Streaming results over server-sent events. */
@NullMarked
package io.weir.queryapi.sse;

import org.jspecify.annotations.NullMarked;
