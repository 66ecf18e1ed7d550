package io.weir.eventstats.auth;

import io.javalin.http.Context;
import io.javalin.http.ForbiddenResponse;
import io.javalin.http.Header;
import io.javalin.http.ServiceUnavailableResponse;
import io.javalin.http.UnauthorizedResponse;
import io.weir.promql.error.QueryException;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds tenants by header, and has tokens agree. Without a required token a request may come without one, as the query API trusts the header; a token
 * that is sent must hold, and if it names a tenant, name the same.
 */
final class RequestTenants implements TenantResolver {
    private static final List<String> HEADERS = List.of("X-Tenant-Id", "X-Scope-OrgID");
    /** As the query API has them. */
    private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9_.-]{1,128}");

    private final Authenticator authenticator;
    private final boolean isTokenRequired;
    private final String claim;

    /** @param claim name of the tenant's claim, for messages */
    RequestTenants(Authenticator authenticator, boolean isTokenRequired, String claim) {
        this.authenticator = authenticator;
        this.isTokenRequired = isTokenRequired;
        this.claim = claim;
    }

    @Override
    public String tenant(Context context) {
        Caller caller = isTokenRequired || BearerToken.find(context::header) != null ? caller(context) : null;
        String tenant = inHeaders(context);
        check(tenant, caller);
        return tenant;
    }

    private Caller caller(Context context) {
        try {
            return authenticator.authenticate(context::header);
        } catch (AuthenticationException e) {
            String message = String.valueOf(e.getMessage());
            if (e.reason() == AuthenticationException.Reason.UNAVAILABLE) {
                throw new ServiceUnavailableResponse(message);
            }
            context.header(Header.WWW_AUTHENTICATE, "Bearer");
            throw new UnauthorizedResponse(message);
        }
    }

    private static String inHeaders(Context context) {
        TreeSet<String> names = new TreeSet<>();
        for (String header : HEADERS) {
            names.addAll(Collections.list(context.req().getHeaders(header)));
        }
        if (names.isEmpty()) {
            throw new QueryException.BadData("the request names no tenant: send header X-Tenant-Id or X-Scope-OrgID");
        }
        if (names.size() > 1) {
            throw new QueryException.BadData(
                    "the request names more than one tenant in the headers X-Tenant-Id and X-Scope-OrgID");
        }
        String tenant = names.first();
        if (!TENANT.matcher(tenant).matches() || tenant.equals(".") || tenant.equals("..")) {
            throw new QueryException.BadData(
                    "a tenant must be 1 to 128 characters of A-Z a-z 0-9 _ . - and not . or ..");
        }
        return tenant;
    }

    private void check(String tenant, @Nullable Caller caller) {
        if (caller == null) {
            return;
        }
        if (caller.tenant() == null) {
            if (isTokenRequired) {
                throw new ForbiddenResponse("the token names no tenant (claim '" + claim + "')");
            }
        } else if (!caller.tenant().equals(tenant)) {
            throw new ForbiddenResponse("the token is for another tenant than the header names");
        }
    }
}
