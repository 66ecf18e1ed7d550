package io.weir.queryapi.spi;

import org.jspecify.annotations.Nullable;

/**
 * What was asked, by whom and when; every event of a query carries it, so that who listens needs no memory.
 *
 * @param queryId a UUID
 * @param text PromQL; of lookups the question in words; empty if the request was too broken to have one
 * @param kind instant, range, stream, series or labels
 * @param range null if the request was refused before it was read, or has no bounds
 * @param startMillis wall clock
 * @param startNanos {@link System#nanoTime}, from which the events count
 */
public record AskedQuery(
        String queryId,
        String tenant,
        String text,
        String kind,
        @Nullable Range range,
        QueryOrigin origin,
        long startMillis,
        long startNanos) {
    /**
     * What time it is about.
     *
     * @param stepMillis 0 where there are no steps
     */
    public record Range(long startMillis, long endMillis, long stepMillis) {}
}
