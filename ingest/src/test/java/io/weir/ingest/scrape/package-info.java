/** Tests of scraping. */
@NullMarked
package io.weir.ingest.scrape;

import org.jspecify.annotations.NullMarked;
