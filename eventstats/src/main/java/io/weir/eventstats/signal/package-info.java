/** First signals of jobs and runs: snapshots, lookup and stream. */
@NullMarked
package io.weir.eventstats.signal;

import org.jspecify.annotations.NullMarked;
