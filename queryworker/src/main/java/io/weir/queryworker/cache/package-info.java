/** Local cache of segment files. */
@NullMarked
package io.weir.queryworker.cache;

import org.jspecify.annotations.NullMarked;
