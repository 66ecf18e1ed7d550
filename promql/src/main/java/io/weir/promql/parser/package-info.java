/** Text to syntax tree and back: lexer, parser, type checks, printer. */
@NullMarked
package io.weir.promql.parser;

import org.jspecify.annotations.NullMarked;
