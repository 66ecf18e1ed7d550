/** What both ends of the control plane share: failure kinds, liveness by heartbeat, rendezvous hashing. */
@NullMarked
package io.weir.workcoord;

import org.jspecify.annotations.NullMarked;
