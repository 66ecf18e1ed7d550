/** Hand-written helpers of the tests of ingest. */
@NullMarked
package io.weir.ingest.testkit;

import org.jspecify.annotations.NullMarked;
