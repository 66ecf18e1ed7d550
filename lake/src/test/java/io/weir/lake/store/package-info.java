/** One contract test for every object store. */
@NullMarked
package io.weir.lake.store;

import org.jspecify.annotations.NullMarked;
