package io.weir.eventstats.auth;

import io.javalin.http.Context;

/** Finds the tenant of a request to the routes of first signals, their events and signatures. */
@FunctionalInterface
public interface TenantResolver {
    /**
     * The tenant's name, from header {@code X-Tenant-Id} or {@code X-Scope-OrgID} and, where one is required or sent, from a token. What it
     * throws the API answers in Prometheus' shape: let it through.
     *
     * @throws io.weir.promql.error.QueryException.BadData 400, if neither header is there, they differ, or the name is not valid
     * @throws io.javalin.http.UnauthorizedResponse 401, if a token is required and missing, or one is sent that does not hold
     * @throws io.javalin.http.ForbiddenResponse 403, if the token is for another tenant
     * @throws io.javalin.http.ServiceUnavailableResponse 503, if a token is to be verified and there are no keys
     */
    String tenant(Context context);
}
