/** Tests of loading and of the remote write sender. */
@NullMarked
package io.weir.ingest.load;

import org.jspecify.annotations.NullMarked;
