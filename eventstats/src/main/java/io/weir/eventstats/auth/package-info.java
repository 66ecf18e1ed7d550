/** Who asks, and what they may see: tokens, keys, access list. */
@NullMarked
package io.weir.eventstats.auth;

import org.jspecify.annotations.NullMarked;
