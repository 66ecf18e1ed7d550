/** Scraping of targets, and statistics of this machine from /proc. */
@NullMarked
package io.weir.ingest.scrape;

import org.jspecify.annotations.NullMarked;
