/** Deterministic simulation of APIs and workers: one seed is one world. */
@NullMarked
package io.weir.workcoord.sim;

import org.jspecify.annotations.NullMarked;
