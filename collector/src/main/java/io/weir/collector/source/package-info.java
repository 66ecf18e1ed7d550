/** Serves sketches: {@code weir.sketch.v1.SketchSource}. */
@NullMarked
package io.weir.collector.source;

import org.jspecify.annotations.NullMarked;
