/** The fsynced log of acknowledged writes and its replay after a crash. */
@NullMarked
package io.weir.ingest.wal;

import org.jspecify.annotations.NullMarked;
