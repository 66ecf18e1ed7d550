/** Tests of the block codec, and the data it is tried with. */
@NullMarked
package io.weir.lake.codec;

import org.jspecify.annotations.NullMarked;
