@NullMarked
package io.weir.collector.store;

import org.jspecify.annotations.NullMarked;
