package io.weir.eventstats.telemetry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.weir.eventstats.auth.TenantResolver;
import io.weir.eventstats.http.JsonAnswers;
import io.weir.eventstats.signal.TenantIds;
import io.weir.eventstats.telemetry.SummaryRequest.Granularity;
import io.weir.queryapi.spi.JsonRequests;
import java.time.Clock;
import java.util.Set;

/** {@code GET /api/v1/ttfs/summary} and {@code /api/v1/ttfs/slo-breaches}: always of the tenant of the request. */
final class SummaryRoutes {
    /** Windows of the seed's views, if a request names none: 7 days of hours, 90 days, 24 hours of breaches. */
    private static final int HOURS_DEFAULT = 7 * 24;

    private static final int DAYS_DEFAULT = 90;
    private static final int BREACH_HOURS_DEFAULT = 24;

    private final TelemetrySettings settings;
    private final TenantResolver tenants;
    private final SummaryStore store;
    private final Clock clock;

    SummaryRoutes(TelemetrySettings settings, TenantResolver tenants, SummaryStore store, Clock clock) {
        this.settings = settings;
        this.tenants = tenants;
        this.store = store;
        this.clock = clock;
    }

    void contribute(RoutesConfig routes) {
        routes.get("/api/v1/ttfs/summary", this::summary);
        routes.get("/api/v1/ttfs/slo-breaches", this::breaches);
    }

    private void summary(Context context) {
        String tenant = tenants.tenant(context);
        JsonRequests.checkParameters(context, Set.of("granularity", "surface", "event_type", "from", "to"));
        boolean byDay = Granularity.DAY.text().equals(context.queryParam("granularity"));
        int unitsMax = byDay ? settings.summaryDaysMax() : settings.summaryHoursMax();
        SummaryRequest request = SummaryRequest.read(
                context, null, clock.instant(), Math.min(byDay ? DAYS_DEFAULT : HOURS_DEFAULT, unitsMax), settings);
        ArrayNode rows = store.summary(TenantIds.of(tenant), request);
        ObjectNode answer = window(request).put("percentile_relative_error_max", SummaryStore.RELATIVE_ERROR_MAX);
        answer.set("rows", rows);
        JsonAnswers.data(context, 200, answer);
    }

    private void breaches(Context context) {
        String tenant = tenants.tenant(context);
        JsonRequests.checkParameters(context, Set.of("surface", "from", "to"));
        SummaryRequest request = SummaryRequest.read(
                context,
                Granularity.HOUR,
                clock.instant(),
                Math.min(BREACH_HOURS_DEFAULT, settings.summaryHoursMax()),
                settings);
        ArrayNode rows = store.breaches(TenantIds.of(tenant), request);
        ObjectNode answer = window(request)
                .put("p50_objective_ms", TtfsMetrics.P50_OBJECTIVE_MILLIS)
                .put("p95_objective_ms", TtfsMetrics.P95_OBJECTIVE_MILLIS);
        answer.set("rows", rows);
        JsonAnswers.data(context, 200, answer);
    }

    /** What the answer covers: the window is widened to whole hours or days. */
    private static ObjectNode window(SummaryRequest request) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("granularity", request.granularity().text())
                .put("from", JsonAnswers.time(request.from()))
                .put("to", JsonAnswers.time(request.to()));
    }
}
