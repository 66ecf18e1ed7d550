/** JSON answers of the routes under {@code /api/v1}. */
@NullMarked
package io.weir.eventstats.http;

import org.jspecify.annotations.NullMarked;
