/** The reference collector: takes OTLP and remote write, keeps sketches per interval, and serves them to precompute. */
@NullMarked
package io.weir.collector;

import org.jspecify.annotations.NullMarked;
