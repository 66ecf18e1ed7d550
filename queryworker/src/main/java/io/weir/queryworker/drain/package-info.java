/** Orderly exit. */
@NullMarked
package io.weir.queryworker.drain;

import org.jspecify.annotations.NullMarked;
