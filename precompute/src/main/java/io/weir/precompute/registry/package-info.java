/** Jobs in PostgreSQL: definitions, leases, results for other processes. */
@NullMarked
package io.weir.precompute.registry;

import org.jspecify.annotations.NullMarked;
