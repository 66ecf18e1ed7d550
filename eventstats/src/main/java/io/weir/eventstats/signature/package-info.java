/** Failure signatures: patterns of failures and what they usually mean; written, matched and learned. */
@NullMarked
package io.weir.eventstats.signature;

import org.jspecify.annotations.NullMarked;
