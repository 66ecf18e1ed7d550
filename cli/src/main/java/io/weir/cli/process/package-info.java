/** Starting, stopping and hosting the parts as processes. */
@NullMarked
package io.weir.cli.process;

import org.jspecify.annotations.NullMarked;
