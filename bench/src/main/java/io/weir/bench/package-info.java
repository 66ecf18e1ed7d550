/** Weir side by side with Prometheus and VictoriaMetrics: same samples, same queries, one run. */
@NullMarked
package io.weir.bench;

import org.jspecify.annotations.NullMarked;
