/** The receiver of sketches that others push over OTLP. */
@NullMarked
package io.weir.precompute.source.otlp;

import org.jspecify.annotations.NullMarked;
