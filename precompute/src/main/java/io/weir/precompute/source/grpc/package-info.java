/** Sketches fetched from a SketchSource service. */
@NullMarked
package io.weir.precompute.source.grpc;

import org.jspecify.annotations.NullMarked;
