/** Downloads artifacts and verifies them while streaming. */
@NullMarked
package io.weir.queryapi.fetch;

import org.jspecify.annotations.NullMarked;
