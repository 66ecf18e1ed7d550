/** Tests of the operators. */
@NullMarked
package io.weir.promql.exec;

import org.jspecify.annotations.NullMarked;
