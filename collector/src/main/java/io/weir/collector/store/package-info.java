/** What a collector keeps: the samples of open intervals, and summaries of closed ones, by tenant, metric and attributes. Reads no clock. */
@NullMarked
package io.weir.collector.store;

import org.jspecify.annotations.NullMarked;
