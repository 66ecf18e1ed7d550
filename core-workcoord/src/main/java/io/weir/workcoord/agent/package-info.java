/** The worker's end of work coordination as a pure state machine. */
@NullMarked
package io.weir.workcoord.agent;

import org.jspecify.annotations.NullMarked;
