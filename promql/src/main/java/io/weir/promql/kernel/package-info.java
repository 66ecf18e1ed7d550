/** Series-major kernels: one pass over one series' samples gives its values at all steps. */
@NullMarked
package io.weir.promql.kernel;

import org.jspecify.annotations.NullMarked;
