package io.weir.queryapi.spi;

import org.jspecify.annotations.Nullable;

/**
 * Where a query came from, as far as its request says so. Nothing of it is proven.
 *
 * @param surface ui, cli or ci
 * @param device what the client calls itself; empty if it does not
 * @param user who sits before the dashboard, by the name its server gives
 * @param runId what the query is a part of (the load of a dashboard, a session), a UUID
 * @param dashboardId of Grafana
 * @param correlationId of the request
 * @param traceId of the client's trace: 32 hexadecimal digits
 * @param spanId of the client's span: 16 hexadecimal digits
 */
public record QueryOrigin(
        String surface,
        String device,
        @Nullable String user,
        @Nullable String runId,
        @Nullable String dashboardId,
        @Nullable String correlationId,
        @Nullable String traceId,
        @Nullable String spanId) {
    /** Of a request that says nothing of itself. */
    public static final QueryOrigin UNKNOWN = new QueryOrigin("cli", "", null, null, null, null, null, null);
}
