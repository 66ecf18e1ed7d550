/** The worker process: composition of its parts and its settings. */
@NullMarked
package io.weir.queryworker;

import org.jspecify.annotations.NullMarked;
