/** One disk budget for spool and cache. */
@NullMarked
package io.weir.queryworker.disk;

import org.jspecify.annotations.NullMarked;
