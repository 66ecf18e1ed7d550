/** The two ends of a control stream, bounded: one writer from any thread, one thread that owns the state machine. */
@NullMarked
package io.weir.proto.stream;

import org.jspecify.annotations.NullMarked;
