/** The servers of a collector, gRPC and HTTP, and what they count. */
@NullMarked
package io.weir.collector.server;

import org.jspecify.annotations.NullMarked;
