package io.weir.precompute.http;

import io.javalin.http.Context;
import io.weir.promql.error.QueryException;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The tenant of a request, by the header of queries, X-Scope-OrgID, or X-Tenant-Id, which first signals take, too. */
public final class JobTenants {
    private static final List<String> HEADERS = List.of("X-Scope-OrgID", "X-Tenant-Id");
    private static final String DEFAULT = "default";
    /** As queries have them. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,128}");

    private JobTenants() {}

    /** @throws QueryException.BadData if a header is no tenant's name, or the headers disagree */
    public static String of(Context context) {
        TreeSet<String> found = new TreeSet<>();
        for (String header : HEADERS) {
            String value = context.header(header);
            if (value == null || value.isEmpty()) {
                continue;
            }
            if (!NAME.matcher(value).matches() || value.equals(".") || value.equals("..")) {
                throw new QueryException.BadData(
                        "header " + header + " must be 1 to 128 characters of A-Z a-z 0-9 _ . - and not . or ..");
            }
            found.add(value);
        }
        if (found.size() > 1) {
            throw new QueryException.BadData(
                    "the headers " + String.join(" and ", HEADERS) + " name different tenants");
        }
        return found.isEmpty() ? DEFAULT : found.first();
    }
}
