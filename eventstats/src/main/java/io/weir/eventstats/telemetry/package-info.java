/** Events of time to first signal, their summaries, failure signatures, retention. */
@NullMarked
package io.weir.eventstats.telemetry;

import org.jspecify.annotations.NullMarked;
