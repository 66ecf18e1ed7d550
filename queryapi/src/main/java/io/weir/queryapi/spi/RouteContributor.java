package io.weir.queryapi.spi;

import io.javalin.config.JavalinConfig;

/** Adds routes to the API's HTTP server: ingest in standalone, precompute, event statistics. */
public interface RouteContributor {
    /** Adds routes; called once, while the server is being built. */
    void contribute(JavalinConfig config);

    /** Ends what has no end of its own, such as streams; called when the server stops, before it waits for the answers that are under way. */
    default void stopping() throws InterruptedException {}
}
