/** Tests of whole queries. */
@NullMarked
package io.weir.promql.engine;

import org.jspecify.annotations.NullMarked;
