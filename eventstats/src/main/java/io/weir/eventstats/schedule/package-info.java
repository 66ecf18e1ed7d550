/** Work that is done again and again beside everything else. */
@NullMarked
package io.weir.eventstats.schedule;

import org.jspecify.annotations.NullMarked;
