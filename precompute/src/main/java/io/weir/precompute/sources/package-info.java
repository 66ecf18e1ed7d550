/** The sources of data, put together. */
@NullMarked
package io.weir.precompute.sources;

import org.jspecify.annotations.NullMarked;
