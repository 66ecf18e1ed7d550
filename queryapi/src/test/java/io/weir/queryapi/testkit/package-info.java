/** Hand-written stand-ins for the catalog and the workers, which run leaves in this process. */
@NullMarked
package io.weir.queryapi.testkit;

import org.jspecify.annotations.NullMarked;
