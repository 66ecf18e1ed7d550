/** Samples of one series and the grid of evaluation steps. */
@NullMarked
package io.weir.promql.series;

import org.jspecify.annotations.NullMarked;
