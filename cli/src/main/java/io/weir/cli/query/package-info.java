/** A client of the query API for people at a terminal. */
@NullMarked
package io.weir.cli.query;

import org.jspecify.annotations.NullMarked;
