/** Tests of planning. */
@NullMarked
package io.weir.promql.plan;

import org.jspecify.annotations.NullMarked;
