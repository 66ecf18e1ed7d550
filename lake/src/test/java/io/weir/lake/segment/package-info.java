/** Tests of segments. */
@NullMarked
package io.weir.lake.segment;

import org.jspecify.annotations.NullMarked;
