/** Warnings and infos of a query, with their positions. */
@NullMarked
package io.weir.promql.annotation;

import org.jspecify.annotations.NullMarked;
