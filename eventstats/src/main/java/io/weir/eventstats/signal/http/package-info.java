/** First signals over HTTP: look-ups and streams, in the shapes of StellaOps. */
@NullMarked
package io.weir.eventstats.signal.http;

import org.jspecify.annotations.NullMarked;
