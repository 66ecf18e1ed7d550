/** The exact block codec: samples of one series and two hours to bytes and back. */
@NullMarked
package io.weir.lake.codec;

import org.jspecify.annotations.NullMarked;
