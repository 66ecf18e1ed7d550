package io.weir.queryapi.http;

import io.javalin.http.Context;
import io.weir.promql.error.QueryException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.ToLongFunction;
import java.util.regex.Pattern;

/** The parameters of a request, from the URL and, for POST, from the form, with Prometheus' error messages. */
public final class RequestParameters {
    /** Header that names a query, in requests and answers. */
    public static final String QUERY_ID_HEADER = "X-Query-Id";
    /** Header that names the tenant. */
    public static final String TENANT_HEADER = "X-Scope-OrgID";

    public static final String DEFAULT_TENANT = "default";

    /** What Grafana Mimir allows in a tenant's name, without the characters that would be odd in object keys. */
    private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9_.-]{1,128}");

    private final Context context;
    private final boolean form;

    public RequestParameters(Context context) {
        this.context = context;
        this.form = context.isFormUrlencoded() || context.isMultipartFormData();
    }

    /** The first value of a parameter, or the empty string; the form goes before the URL as in Go. */
    public String get(String name) {
        if (form) {
            String value = context.formParam(name);
            if (value != null) {
                return value;
            }
        }
        String value = context.queryParam(name);
        return value == null ? "" : value;
    }

    public List<String> all(String name) {
        List<String> values = new ArrayList<>();
        if (form) {
            values.addAll(context.formParams(name));
        }
        values.addAll(context.queryParams(name));
        return values;
    }

    /** A required time. */
    public long time(String name) {
        return parse(name, TimeText::parseTime);
    }

    /** An optional time. */
    public long time(String name, long otherwise) {
        String text = get(name);
        if (text.isEmpty()) {
            return otherwise;
        }
        try {
            return TimeText.parseTime(text);
        } catch (QueryException.BadData e) {
            throw invalid(name, "Invalid time value for '" + name + "': " + e.getMessage());
        }
    }

    /** A required duration. */
    public long duration(String name) {
        return parse(name, TimeText::parseDuration);
    }

    /** The limit; 0 for none. */
    public int limit(String name) {
        String text = get(name);
        if (text.isEmpty()) {
            return 0;
        }
        int limit;
        try {
            limit = Integer.parseInt(text);
        } catch (NumberFormatException e) {
            boolean number = text.matches("[+-]?\\d+");
            throw invalid(
                    name,
                    "strconv.Atoi: parsing " + TimeText.quote(text) + ": "
                            + (number ? "value out of range" : "invalid syntax"));
        }
        if (limit < 0) {
            throw invalid(name, "limit must be non-negative");
        }
        return limit;
    }

    /** The timeout in ms, at most the server's own. */
    public long timeoutMillis(long timeoutMillisMax) {
        if (get("timeout").isEmpty()) {
            return timeoutMillisMax;
        }
        long millis = duration("timeout");
        if (millis <= 0) {
            throw invalid("timeout", "must be positive");
        }
        return Math.min(millis, timeoutMillisMax);
    }

    /** The lookback in ms. */
    public long lookbackMillis(long otherwise) {
        String text = get("lookback_delta");
        if (text.isEmpty()) {
            return otherwise;
        }
        try {
            long millis = TimeText.parseDuration(text);
            if (millis > 0) {
                return millis;
            }
            throw new QueryException.BadData("the duration must be positive, not " + text);
        } catch (QueryException.BadData e) {
            throw new QueryException.BadData("error parsing lookback delta duration: " + e.getMessage());
        }
    }

    private long parse(String name, ToLongFunction<String> parser) {
        try {
            return parser.applyAsLong(get(name));
        } catch (QueryException.BadData e) {
            throw invalid(name, String.valueOf(e.getMessage()));
        }
    }

    /** Prometheus' error about a parameter (web/api/v1/api.go, invalidParamError). */
    public static QueryException.BadData invalid(String name, String why) {
        return new QueryException.BadData("invalid parameter " + TimeText.quote(name) + ": " + why);
    }

    /**
     * The tenant of a request.
     *
     * @throws QueryException.BadData if the header is no tenant's name
     */
    public static String tenant(Context context) {
        String tenant = context.header(TENANT_HEADER);
        if (tenant == null || tenant.isEmpty()) {
            return DEFAULT_TENANT;
        }
        if (!TENANT.matcher(tenant).matches() || tenant.equals(".") || tenant.equals("..")) {
            throw new QueryException.BadData("header " + TENANT_HEADER
                    + " must be 1 to 128 characters of A-Z a-z 0-9 _ . - and not . or .., but is " + TimeText.quote(tenant));
        }
        return tenant;
    }

    /**
     * The query's id: the caller's or a fresh one; also put into the answer's header.
     *
     * @throws QueryException.BadData if the header is no UUID
     */
    public static String queryId(Context context) {
        String given = context.header(QUERY_ID_HEADER);
        String queryId;
        if (given == null || given.isEmpty()) {
            queryId = UUID.randomUUID().toString();
        } else {
            queryId = given.toLowerCase(Locale.ROOT);
            if (!queryId.matches("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")) {
                throw new QueryException.BadData(
                        "header " + QUERY_ID_HEADER + " must be a UUID, but is " + TimeText.quote(given));
            }
        }
        context.header(QUERY_ID_HEADER, queryId);
        return queryId;
    }
}
