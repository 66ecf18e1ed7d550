/** The tables of docs/coordination.md: made from the state machines and the two coordinators themselves. */
@NullMarked
package io.weir.workcoord.reference;

import org.jspecify.annotations.NullMarked;
