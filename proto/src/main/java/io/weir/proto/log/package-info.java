/** The ids that log lines carry. */
@NullMarked
package io.weir.proto.log;

import org.jspecify.annotations.NullMarked;
