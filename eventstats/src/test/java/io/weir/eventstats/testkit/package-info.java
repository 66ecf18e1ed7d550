/** Fakes for tests: issuers of tokens, key servers. */
@NullMarked
package io.weir.eventstats.testkit;

import org.jspecify.annotations.NullMarked;
