/** Where sources are on the network: names resolved once, and pinned. */
@NullMarked
package io.weir.precompute.source.net;

import org.jspecify.annotations.NullMarked;
