/** Tests of what executes leaves. */
@NullMarked
package io.weir.queryworker.exec;

import org.jspecify.annotations.NullMarked;
