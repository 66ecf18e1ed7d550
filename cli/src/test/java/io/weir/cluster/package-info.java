/** Weir as real processes: what must hold whatever the machine does. */
@NullMarked
package io.weir.cluster;

import org.jspecify.annotations.NullMarked;
