package io.weir.queryapi.plan;

import io.weir.promql.series.StepGrid;

/**
 * A query as its caller asks for it.
 *
 * @param queryId a UUID; unique over all queries
 * @param query PromQL
 * @param grid the steps; a single one for an instant query
 * @param lookbackMillis how far back an instant selector looks
 * @param timeoutMillis from the start of the request
 */
public record QueryRequest(
        String queryId, String tenant, String query, StepGrid grid, long lookbackMillis, long timeoutMillis) {}
