/** Tests of the text formats. */
@NullMarked
package io.weir.ingest.openmetrics;

import org.jspecify.annotations.NullMarked;
