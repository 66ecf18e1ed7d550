@NullMarked
package io.weir.collector.server;

import org.jspecify.annotations.NullMarked;
