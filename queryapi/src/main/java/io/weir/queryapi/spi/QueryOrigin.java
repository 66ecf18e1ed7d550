package io.weir.queryapi.spi;

import org.jspecify.annotations.Nullable;

/**
 * Where a query came from, as far as its request says so.
 *
 * @param surface ui, cli or ci
 * @param device what the client calls itself; empty if it does not
 * @param runId what the query is a part of (the load of a dashboard, a session), a UUID
 * @param correlationId of the request
 * @param traceId of the client's trace
 */
public record QueryOrigin(
        String surface,
        String device,
        @Nullable String runId,
        @Nullable String correlationId,
        @Nullable String traceId) {}
