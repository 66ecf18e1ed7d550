/** The API process: composition of its parts and its settings. */
@NullMarked
package io.weir.queryapi;

import org.jspecify.annotations.NullMarked;
