/** Spool of finished artifacts and the HTTP server that hands them out. */
@NullMarked
package io.weir.queryworker.artifact;

import org.jspecify.annotations.NullMarked;
