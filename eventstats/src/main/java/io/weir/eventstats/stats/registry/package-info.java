/** Named queries: their files, the SQL in them, and the check against the schema. */
@NullMarked
package io.weir.eventstats.stats.registry;

import org.jspecify.annotations.NullMarked;
