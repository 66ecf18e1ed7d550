/** The API's end of work coordination as a pure state machine. */
@NullMarked
package io.weir.workcoord.coordinator;

import org.jspecify.annotations.NullMarked;
