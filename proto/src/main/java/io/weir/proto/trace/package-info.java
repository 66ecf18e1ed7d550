/** Spans of distributed traces, and how they go from one process to the next; nothing of it costs anything while tracing is off. */
@NullMarked
package io.weir.proto.trace;

import org.jspecify.annotations.NullMarked;
