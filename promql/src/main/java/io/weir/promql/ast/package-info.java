/** The typed syntax tree of PromQL. */
@NullMarked
package io.weir.promql.ast;

import org.jspecify.annotations.NullMarked;
