/** Named statistics and first signals at a terminal. */
@NullMarked
package io.weir.cli.statistics;

import org.jspecify.annotations.NullMarked;
