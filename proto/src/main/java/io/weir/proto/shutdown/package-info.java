/** The end of a process' parts, in bounded time whatever they do. */
@NullMarked
package io.weir.proto.shutdown;

import org.jspecify.annotations.NullMarked;
