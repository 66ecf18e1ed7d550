/** Merge of artifacts, sequencing of leaves, steps of the final evaluation. */
@NullMarked
package io.weir.queryapi.eval;

import org.jspecify.annotations.NullMarked;
