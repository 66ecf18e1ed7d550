/** Splits a query into leaves and the operators above them. */
@NullMarked
package io.weir.promql.plan;

import org.jspecify.annotations.NullMarked;
