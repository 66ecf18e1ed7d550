package io.weir.eventstats.retention;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.RoutesConfig;
import io.javalin.http.ConflictResponse;
import io.javalin.http.Context;
import io.javalin.http.ForbiddenResponse;
import io.javalin.http.ServiceUnavailableResponse;
import io.javalin.http.UnauthorizedResponse;
import io.weir.eventstats.auth.AccessList;
import io.weir.eventstats.auth.AuthenticationException;
import io.weir.eventstats.auth.Authenticator;
import io.weir.eventstats.auth.Caller;
import io.weir.eventstats.auth.TenantResolver;
import io.weir.eventstats.auth.TopicAccess;
import io.weir.eventstats.http.JsonAnswers;
import io.weir.queryapi.spi.JsonRequests;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;

/**
 * {@code GET /api/v1/ttfs/retention}: the last run and the next one. {@code POST /api/v1/ttfs/retention/run}: runs now; for callers with a token
 * whom the access list lets read the topic {@value #ADMIN_TOPIC}, since it removes rows of all tenants.
 */
public final class RetentionRoutes {
    /** Topic of the access list that stands for the right to run things. */
    public static final String ADMIN_TOPIC = "admin";

    private static final String PATH = "/api/v1/ttfs/retention";

    private final RetentionSettings settings;
    private final RetentionSchedule schedule;
    private final DataSource pool;
    private final TenantResolver tenants;
    private final Authenticator authenticator;
    private final AccessList access;

    public RetentionRoutes(
            RetentionSettings settings,
            RetentionSchedule schedule,
            DataSource pool,
            TenantResolver tenants,
            Authenticator authenticator,
            AccessList access) {
        this.settings = settings;
        this.schedule = schedule;
        this.pool = pool;
        this.tenants = tenants;
        this.authenticator = authenticator;
        this.access = access;
    }

    /** Adds the routes. */
    public void contribute(RoutesConfig routes) {
        routes.get(PATH, this::show);
        routes.post(PATH + "/run", this::run);
    }

    private void show(Context context) {
        tenants.tenant(context);
        JsonRequests.checkParameters(context, Set.of());
        Optional<RetentionRun> last = Retention.last(pool);
        ObjectNode answer = JsonNodeFactory.instance
                .objectNode()
                .put("enabled", settings.enabled())
                .put("interval_ms", settings.intervalMillis());
        answer.set("last_run", last.map(RetentionRoutes::json).orElse(null));
        answer.put("next_run_at", JsonAnswers.time(schedule.next().orElse(null)));
        answer.putObject("periods")
                .put("event_days", settings.eventDays())
                .put("snapshot_hours", settings.snapshotHours())
                .put("signature_days", settings.signatureDays())
                .put("signature_confidence_min", settings.signatureConfidenceMin())
                .put("rollup_days", settings.rollupDays())
                .put("history_days", settings.historyDays())
                .put("batch_key_hours", settings.batchKeyHours());
        JsonAnswers.data(context, 200, answer);
    }

    private static ObjectNode json(RetentionRun run) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("id", run.id())
                .put("started_at", JsonAnswers.time(run.startedAt()))
                .put("ended_at", JsonAnswers.time(run.endedAt()))
                .put("origin", run.origin().text())
                .put("outcome", run.outcome().text());
        ObjectNode rows = json.putObject("rows_by_table");
        run.rowsByTable().forEach(rows::put);
        return json;
    }

    private void run(Context context) {
        checkAdministrator(context);
        JsonRequests.checkParameters(context, Set.of());
        Instant asked = schedule.now();
        if (!schedule.request()) {
            throw new ConflictResponse("a run of the retention is under way; see GET " + PATH);
        }
        JsonAnswers.data(
                context, 202, JsonNodeFactory.instance.objectNode().put("requested_at", JsonAnswers.time(asked)));
    }

    private void checkAdministrator(Context context) {
        Caller caller;
        try {
            caller = authenticator.authenticate(context::header);
        } catch (AuthenticationException e) {
            String message = String.valueOf(e.getMessage());
            throw e.status() == 503 ? new ServiceUnavailableResponse(message) : new UnauthorizedResponse(message);
        }
        switch (access.access(caller, ADMIN_TOPIC)) {
            case TopicAccess.Granted granted -> {}
            case TopicAccess.Refused refused -> throw new ForbiddenResponse(refused.message());
        }
    }
}
