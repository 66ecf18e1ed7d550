package io.weir.ingest.scrape;

import java.net.URI;

/**
 * A target of scraping.
 *
 * @param job value of the label "job"
 * @param instance value of the label "instance"
 * @param url where its metrics are, http or https
 */
public record ScrapeTarget(String job, String instance, URI url) {
    public ScrapeTarget {
        if (job.isEmpty() || instance.isEmpty()) {
            throw new IllegalArgumentException("job and instance of a scrape target must not be empty: " + url);
        }
        String scheme = url.getScheme();
        if (url.getHost() == null || scheme == null || !(scheme.equals("http") || scheme.equals("https"))) {
            throw new IllegalArgumentException(
                    "a scrape target must be a URL such as http://HOST:PORT/metrics, but is " + url);
        }
    }
}
