/** What a job is: its query, its address, its states. */
@NullMarked
package io.weir.precompute.job;

import org.jspecify.annotations.NullMarked;
