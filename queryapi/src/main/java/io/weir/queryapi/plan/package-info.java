/** Leaves to segments to work units. */
@NullMarked
package io.weir.queryapi.plan;

import org.jspecify.annotations.NullMarked;
