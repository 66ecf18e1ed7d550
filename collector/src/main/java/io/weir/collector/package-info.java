/** A reference collector: keeps sketches of what is pushed to it. */
@NullMarked
package io.weir.collector;

import org.jspecify.annotations.NullMarked;
