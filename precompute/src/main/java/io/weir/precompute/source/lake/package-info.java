/** Weir's own segments as a source of jobs: sketches by granule, kept between ticks, and expressions. */
@NullMarked
package io.weir.precompute.source.lake;

import org.jspecify.annotations.NullMarked;
