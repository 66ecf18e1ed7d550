/** What the tests of several packages use. */
@NullMarked
package io.weir.eventstats.testkit;

import org.jspecify.annotations.NullMarked;
