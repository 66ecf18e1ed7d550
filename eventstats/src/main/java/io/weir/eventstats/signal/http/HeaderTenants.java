package io.weir.eventstats.signal.http;

import io.javalin.http.Context;
import io.weir.eventstats.auth.TenantResolver;
import io.weir.promql.error.QueryException;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Tenants as the headers name them, without tokens. */
public final class HeaderTenants implements TenantResolver {
    private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9_.-]{1,128}");

    @Override
    public String tenant(Context context) {
        TreeSet<String> names = new TreeSet<>();
        for (String header : List.of("X-Tenant-Id", "X-Scope-OrgID")) {
            names.addAll(Collections.list(context.req().getHeaders(header)));
        }
        if (names.size() != 1 || !TENANT.matcher(names.first()).matches()) {
            throw new QueryException.BadData(
                    "name one tenant in header X-Tenant-Id or X-Scope-OrgID: 1 to 128 characters of A-Z a-z 0-9 _ . -");
        }
        return names.first();
    }
}
