/** Fakes for tests: issuers of tokens, key servers, a server of telemetry. */
@NullMarked
package io.weir.eventstats.testkit;

import org.jspecify.annotations.NullMarked;
