/** Drawing on a terminal: progress bars and small graphs. */
@NullMarked
package io.weir.cli.terminal;

import org.jspecify.annotations.NullMarked;
