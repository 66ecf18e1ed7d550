/** JSON requests and answers of the routes under {@code /api/v1}, strict and bounded. */
@NullMarked
package io.weir.eventstats.http;

import org.jspecify.annotations.NullMarked;
