/** Answers that were computed before: when they may be used, and how they are sent. */
@NullMarked
package io.weir.queryapi.precomputed;

import org.jspecify.annotations.NullMarked;
