package io.weir.precompute.suggestion;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.zaxxer.hikari.HikariDataSource;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.precompute.http.JobRoutes;
import io.weir.precompute.http.JobTenants;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobRequests;
import io.weir.precompute.result.ResultDirectory;
import io.weir.promql.error.QueryException;
import io.weir.promql.parser.Literals;
import io.weir.queryapi.spi.RouteContributor;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * {@code GET /api/v1/precompute/suggestions}: jobs that would pay off, as requests that can be sent as they are, and jobs that nobody uses. Nothing is
 * ever created by itself.
 */
public final class SuggestionRoutes implements RouteContributor, AutoCloseable {
    public static final String PATH = "/api/v1/precompute/suggestions";

    private static final String WINDOW = "window";
    private static final int WINDOW_CHARACTERS_MAX = 32;

    private final SuggestionSettings settings;
    private final Suggester suggester;
    private final HikariDataSource dataSource;
    private final QueryHistory history;
    private final ResultDirectory directory;
    private final InstantSource clock;

    /**
     * Opens a pool of connections.
     *
     * @param ticksKept newest ticks of a job whose results are kept
     * @param requests reads requests for jobs: nothing is suggested that it would refuse
     * @throws io.weir.lake.database.DatabaseUnavailableException if the database cannot be reached
     */
    public SuggestionRoutes(
            SuggestionSettings settings,
            int ticksKept,
            JobRequests requests,
            DatabaseSettings database,
            ResultDirectory directory,
            InstantSource clock) {
        this.settings = settings;
        this.suggester = new Suggester(settings, ticksKept, requests);
        this.dataSource = Databases.open(pool(settings, database), "weir-precompute-suggestions");
        this.history = new QueryHistory(dataSource);
        this.directory = directory;
        this.clock = clock;
    }

    private static DatabaseSettings pool(SuggestionSettings settings, DatabaseSettings database) {
        return new DatabaseSettings(
                database.jdbcUrl(),
                database.user(),
                database.password(),
                settings.connectionsMax(),
                database.acquireTimeoutMillis(),
                database.connectTimeoutMillis(),
                settings.statementMillisMax(),
                settings.statementMillisMax() + 5_000);
    }

    @Override
    public void contribute(JavalinConfig config) {
        config.routes.get(PATH, this::suggestions);
        JobRoutes.refuseOthers(config, PATH, List.of(HandlerType.GET));
    }

    private void suggestions(Context context) {
        String tenant = JobTenants.of(context);
        long now = clock.millis();
        long window = window(context);
        List<Job> jobs = directory.jobs(tenant);
        Optional<List<QueryGroup>> groups =
                history.groups(tenant, now - window, now, settings.occurrencesMin(), settings.queriesMax());
        Optional<List<String>> hits = history.hits(tenant, now - settings.unusedMillis(), settings.queriesMax() + 1);
        List<String> warnings = new ArrayList<>();
        if (groups.isEmpty() || hits.isEmpty()) {
            warnings.add("there is no history of queries to learn from: event statistics keep it, and are not set up in"
                    + " this database");
        }
        boolean allHits =
                hits.filter(texts -> texts.size() <= settings.queriesMax()).isPresent();
        if (hits.isPresent() && !allHits) {
            warnings.add("more than " + settings.queriesMax() + " different queries were answered from precomputed"
                    + " results (setting precompute-suggestions-queries-max), so unused jobs cannot be told");
        }
        Set<String> computed = jobs.stream()
                .filter(job -> job.spec().labels().isEmpty())
                .map(job -> job.spec().query().canonical())
                .collect(Collectors.toSet());
        List<Suggestion> suggestions = suggester.suggest(groups.orElse(List.of()), computed, now);
        ObjectNode answer = JsonNodeFactory.instance.objectNode().put("status", "success");
        answer.putObject(WINDOW)
                .put("start", Instant.ofEpochMilli(now - window).toString())
                .put("end", Instant.ofEpochMilli(now).toString());
        answer.put("count", suggestions.size());
        ArrayNode array = answer.putArray("suggestions");
        suggestions.forEach(suggestion -> array.add(json(suggestion)));
        ArrayNode unused = answer.putArray("unused_jobs");
        if (allHits) {
            UnusedJobs.of(jobs, hits.orElseThrow(), now - settings.unusedMillis())
                    .forEach(job -> unused.add(json(job)));
        }
        if (!warnings.isEmpty()) {
            ArrayNode shown = answer.putArray("warnings");
            warnings.forEach(shown::add);
        }
        context.header("Cache-Control", "no-store")
                .contentType("application/json")
                .result(answer.toString());
    }

    private long window(Context context) {
        String text = context.queryParam(WINDOW);
        if (text == null || text.isEmpty()) {
            return settings.windowMillisDefault();
        }
        long millis;
        try {
            millis = text.length() > WINDOW_CHARACTERS_MAX ? -1 : Literals.durationMillis(text);
        } catch (IllegalArgumentException e) {
            throw bad("is no duration such as 6h or 7d");
        }
        if (millis < 1_000 || millis > settings.windowMillisMax()) {
            throw bad("is not from 1s to " + Literals.durationText(settings.windowMillisMax())
                    + " (setting precompute-suggestions-window-millis-max)");
        }
        return millis;
    }

    private static QueryException.BadData bad(String why) {
        return new QueryException.BadData("invalid parameter \"" + WINDOW + "\": it " + why);
    }

    private static ObjectNode json(Suggestion suggestion) {
        QueryGroup group = suggestion.group();
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("query", group.text())
                .put("kind", group.kind())
                .put("runs", group.runs())
                .put("repetition_seconds", group.repetitionMillis() / 1_000)
                .put("exact_p50_ms", group.computedMillis().orElseThrow())
                .put("granularity", suggestion.granularity())
                .put("ticks", suggestion.ticks())
                .put("tick_cost_ms", suggestion.tickMillis())
                .put("tick_cost_basis", suggestion.isIncremental() ? "incremental" : "whole query")
                .put("saved_ms", suggestion.savedMillis());
        json.set("request", suggestion.request());
        return json;
    }

    private static ObjectNode json(Job job) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("job_id", job.jobId())
                .put("query", job.spec().query().text())
                .put("store_path", job.spec().storePath())
                .put("created_at", Instant.ofEpochMilli(job.createdAtMillis()).toString());
    }

    @Override
    public void close() {
        dataSource.close();
    }
}
