/** Routes of jobs and results. */
@NullMarked
package io.weir.precompute.http;

import org.jspecify.annotations.NullMarked;
