/** HTTP surface: Prometheus API, probes, explain. */
@NullMarked
package io.weir.queryapi.http;

import org.jspecify.annotations.NullMarked;
