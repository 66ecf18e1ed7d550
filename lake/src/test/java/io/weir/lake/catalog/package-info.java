/** Tests of the catalog on a real PostgreSQL. */
@NullMarked
package io.weir.lake.catalog;

import org.jspecify.annotations.NullMarked;
