/** The catalog of segments and metric metadata in PostgreSQL, and the work queue of ingest jobs. */
@NullMarked
package io.weir.lake.catalog;

import org.jspecify.annotations.NullMarked;
