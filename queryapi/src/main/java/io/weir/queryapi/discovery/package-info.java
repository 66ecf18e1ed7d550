/** Which workers exist. */
@NullMarked
package io.weir.queryapi.discovery;

import org.jspecify.annotations.NullMarked;
