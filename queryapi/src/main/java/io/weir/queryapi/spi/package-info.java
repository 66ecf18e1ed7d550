/** What plugs into the API: precompute and eventstats. */
@NullMarked
package io.weir.queryapi.spi;

import org.jspecify.annotations.NullMarked;
