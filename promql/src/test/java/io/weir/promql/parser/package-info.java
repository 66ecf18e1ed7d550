/** Tests of the parser, and the generator of random expressions. */
@NullMarked
package io.weir.promql.parser;

import org.jspecify.annotations.NullMarked;
