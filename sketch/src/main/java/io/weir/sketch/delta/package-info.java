/** Changes of sketches since they were last sent, and what may be served of a stream of them. */
@NullMarked
package io.weir.sketch.delta;

import org.jspecify.annotations.NullMarked;
