/** JSON as Prometheus writes it, straight into byte buffers. */
@NullMarked
package io.weir.queryapi.encoding;

import org.jspecify.annotations.NullMarked;
