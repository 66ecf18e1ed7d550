/** HTTP routes of ingest, and the composition root that wires its parts. */
@NullMarked
package io.weir.ingest.http;

import org.jspecify.annotations.NullMarked;
