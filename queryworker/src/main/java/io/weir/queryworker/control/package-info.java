/** The worker's end of the control stream. */
@NullMarked
package io.weir.queryworker.control;

import org.jspecify.annotations.NullMarked;
