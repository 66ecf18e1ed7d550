/** The language, asked of the whole system: samples in by remote write, answers out by the HTTP API. */
@NullMarked
package io.weir.language;

import org.jspecify.annotations.NullMarked;
