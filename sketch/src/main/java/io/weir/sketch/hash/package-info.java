/** Hashing of sketch items: XXH3 with seeds, seed lists, and how a hash becomes one column and sign per row of a matrix. */
@NullMarked
package io.weir.sketch.hash;

import org.jspecify.annotations.NullMarked;
