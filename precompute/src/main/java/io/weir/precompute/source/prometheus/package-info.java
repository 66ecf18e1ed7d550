/** Samples and values of a Prometheus-compatible server. */
@NullMarked
package io.weir.precompute.source.prometheus;

import org.jspecify.annotations.NullMarked;
