/** What every part of the lake shares: segment identity, shards, fingerprints. */
@NullMarked
package io.weir.lake;

import org.jspecify.annotations.NullMarked;
