/** Writing to a gRPC stream from any thread, bounded. */
@NullMarked
package io.weir.proto.stream;

import org.jspecify.annotations.NullMarked;
