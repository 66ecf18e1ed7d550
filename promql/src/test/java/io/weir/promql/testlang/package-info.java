/** The language's test files run on the engine of this module. */
@NullMarked
package io.weir.promql.testlang;

import org.jspecify.annotations.NullMarked;
