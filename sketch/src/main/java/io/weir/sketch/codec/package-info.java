/** Bytes of sketches and deltas: DataDog sketchpb, sketchlib.v1, ASAPv1, portable msgpack. Every size is checked before memory is taken. */
@NullMarked
package io.weir.sketch.codec;

import org.jspecify.annotations.NullMarked;
