/** Benchmarks: the language's kernels on their own, and Weir side by side with Prometheus and VictoriaMetrics. */
@NullMarked
package io.weir.bench;

import org.jspecify.annotations.NullMarked;
