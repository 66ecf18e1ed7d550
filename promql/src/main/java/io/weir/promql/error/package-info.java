/** Errors of a query, typed by cause. */
@NullMarked
package io.weir.promql.error;

import org.jspecify.annotations.NullMarked;
