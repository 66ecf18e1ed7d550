/** Evaluation of whole queries in one process: planning, leaves, merging and operators over any storage of series. */
@NullMarked
package io.weir.promql.engine;

import org.jspecify.annotations.NullMarked;
