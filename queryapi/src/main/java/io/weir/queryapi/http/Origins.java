package io.weir.queryapi.http;

import io.javalin.http.Context;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryOrigin;
import java.time.Clock;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads where a query came from out of its request's headers. */
public final class Origins {
    static final String SURFACE_HEADER = "X-Client-Surface";
    static final String RUN_HEADER = "X-Run-Id";
    static final String CONTINUOUS_INTEGRATION_HEADER = "X-CI";

    private static final Set<String> SURFACES = Set.of("ui", "cli", "ci");
    private static final Set<String> NO = Set.of("", "0", "false", "no");
    private static final Pattern UUID_TEXT =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
    private static final Pattern CORRELATION = Pattern.compile("[A-Za-z0-9._:-]{1,128}");
    /** W3C Trace Context, version 00 and what later versions begin with. */
    private static final Pattern TRACE_PARENT =
            Pattern.compile("[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}.*");

    /** What a client calls itself is cut here. */
    private static final int TEXT_CHARACTERS_MAX = 128;

    private Origins() {}

    /**
     * Where a query came from.
     *
     * @throws QueryException.BadData if the surface or the run is named, and wrongly
     */
    public static QueryOrigin of(Context context) {
        String surface = header(context, SURFACE_HEADER).toLowerCase(Locale.ROOT);
        if (!surface.isEmpty() && !SURFACES.contains(surface)) {
            throw new QueryException.BadData("header " + SURFACE_HEADER
                    + " must be ui, cli or ci; what the client is called belongs into User-Agent");
        }
        String run = header(context, RUN_HEADER).toLowerCase(Locale.ROOT);
        if (!run.isEmpty() && !UUID_TEXT.matcher(run).matches()) {
            throw new QueryException.BadData(
                    "header " + RUN_HEADER + " must be a UUID, but is " + TimeText.quote(shortened(run)));
        }
        return origin(context, surface.isEmpty() ? surface(context) : surface, run.isEmpty() ? null : run);
    }

    /**
     * A query that was refused before its request was understood, as far as the request can be read; empty if not even its tenant can.
     *
     * @param text PromQL, or empty
     */
    public static Optional<AskedQuery> refused(Context context, String text, String kind, Clock clock) {
        String tenant;
        try {
            tenant = RequestParameters.tenant(context);
        } catch (QueryException.BadData e) {
            return Optional.empty();
        }
        String known = context.res().getHeader(RequestParameters.QUERY_ID_HEADER);
        if (known == null) {
            known = givenId(context);
            context.header(RequestParameters.QUERY_ID_HEADER, known);
        }
        return Optional.of(new AskedQuery(
                known,
                tenant,
                text,
                kind,
                null,
                origin(context, surface(context), null),
                clock.millis(),
                System.nanoTime()));
    }

    private static String givenId(Context context) {
        String given = header(context, RequestParameters.QUERY_ID_HEADER).toLowerCase(Locale.ROOT);
        return UUID_TEXT.matcher(given).matches() ? given : UUID.randomUUID().toString();
    }

    private static QueryOrigin origin(Context context, String surface, @Nullable String run) {
        Matcher parent = TRACE_PARENT.matcher(header(context, "traceparent"));
        boolean traced = parent.matches();
        String correlation = header(context, "X-Correlation-ID");
        return new QueryOrigin(
                surface,
                shortened(header(context, "User-Agent")),
                optional(header(context, "X-Grafana-User")),
                run,
                optional(header(context, "X-Dashboard-Uid")),
                CORRELATION.matcher(correlation).matches() ? correlation : null,
                traced ? parent.group(1) : null,
                traced ? parent.group(2) : null);
    }

    /** Dashboards and browsers are ui, what says that it runs in continuous integration is ci, all else is cli. */
    private static String surface(Context context) {
        if (!NO.contains(header(context, CONTINUOUS_INTEGRATION_HEADER).toLowerCase(Locale.ROOT))) {
            return "ci";
        }
        String agent = header(context, "User-Agent");
        boolean dashboard = agent.startsWith("Grafana")
                || agent.startsWith("Mozilla/")
                || !header(context, "X-Dashboard-Uid").isEmpty()
                || !header(context, "X-Grafana-Org-Id").isEmpty()
                || !header(context, "X-Grafana-User").isEmpty();
        return dashboard ? "ui" : "cli";
    }

    private static @Nullable String optional(String text) {
        return text.isEmpty() ? null : shortened(text);
    }

    private static String shortened(String text) {
        return text.length() <= TEXT_CHARACTERS_MAX ? text : text.substring(0, TEXT_CHARACTERS_MAX);
    }

    private static String header(Context context, String name) {
        String value = context.header(name);
        return value == null ? "" : value;
    }
}
