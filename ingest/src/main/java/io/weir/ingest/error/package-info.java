/** Why a write was refused, mapped once to an HTTP status. */
@NullMarked
package io.weir.ingest.error;

import org.jspecify.annotations.NullMarked;
