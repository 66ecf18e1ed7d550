/** Aggregation operators and their mergeable partial state. */
@NullMarked
package io.weir.promql.aggregate;

import org.jspecify.annotations.NullMarked;
