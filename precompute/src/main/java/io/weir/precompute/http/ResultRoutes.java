package io.weir.precompute.http;

import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.NotFoundResponse;
import io.weir.precompute.job.Durations;
import io.weir.precompute.job.Job;
import io.weir.precompute.result.ResultDirectory;
import io.weir.precompute.result.ResultDirectory.JobResults;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.result.TickResult;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.encoding.PrometheusJson;
import io.weir.queryapi.spi.RouteContributor;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/** The latest result of a job by its store path, as the answer of an instant query: {@code /api/v1/precompute/results/...}. */
public final class ResultRoutes implements RouteContributor {
    private static final String PATH = "/api/v1/precompute/results/<path>";

    private final ResultDirectory results;
    private final ToLongFunction<Job> delayMillis;
    private final InstantSource clock;

    /** @param delayMillis how long after its time a job's tick starts */
    public ResultRoutes(ResultDirectory results, ToLongFunction<Job> delayMillis, InstantSource clock) {
        this.results = results;
        this.delayMillis = delayMillis;
        this.clock = clock;
    }

    @Override
    public void contribute(JavalinConfig config) {
        config.routes.get(PATH, this::get);
        JobRoutes.refuseOthers(config, PATH, List.of(HandlerType.GET));
    }

    private void get(Context context) throws IOException {
        String tenant = JobTenants.of(context);
        String path = context.pathParam("path");
        JobResults found = results.at(tenant, path)
                .orElseThrow(() -> new NotFoundResponse("this tenant has no precompute job with that store path"));
        if (found.ticks().isEmpty()) {
            throw new NotFoundResponse("precompute job '" + found.job().jobId()
                    + "' has no result yet: see last_error and next_run_at in /api/v1/precompute/jobs/"
                    + found.job().jobId());
        }
        TickResult newest = found.ticks().getLast();
        long ageMillis = Math.max(0, clock.millis() - newest.evalMillis());
        context.header("X-Query-Source", "precompute")
                .header("Age", Long.toString(ageMillis / 1000))
                .header("X-Precompute-Job", found.job().jobId())
                .header("X-Precompute-Error-Bound", newest.bound().text())
                .header("Cache-Control", "no-store")
                .contentType("application/json")
                .result(body(newest, notes(found, newest, ageMillis)));
    }

    private List<Annotation> notes(JobResults found, TickResult newest, long ageMillis) {
        List<Annotation> notes = new ArrayList<>();
        notes.add(note(Annotation.Level.INFO, "data_source: precompute_cache"));
        long granularityMillis = found.job().spec().granularityMillis();
        // One granularity passes between ticks, and one more while the next one is computed, once it has settled.
        if (ageMillis > 2 * granularityMillis + delayMillis.applyAsLong(found.job())) {
            notes.add(note(
                    Annotation.Level.WARNING,
                    "the newest result is " + Durations.text(ageMillis) + " old, though the job's granularity is "
                            + Durations.text(granularityMillis)));
        }
        if (newest.coverage() < 1) {
            notes.add(
                    note(Annotation.Level.WARNING, "the source has seen only " + newest.coverage() + " of the window"));
        }
        notes.addAll(newest.vector().annotations());
        return notes;
    }

    private static Annotation note(Annotation.Level level, String text) {
        return new Annotation(level, text, PositionRange.NONE);
    }

    private static byte[] body(TickResult result, List<Annotation> notes) throws IOException {
        JsonBytes json = JsonBytes.inMemory();
        PrometheusJson.success(json);
        json.ascii("{\"resultType\":\"vector\",\"result\":[");
        boolean first = true;
        for (ResultVector.Element element : result.vector().elements()) {
            if (!first) {
                json.ascii(',');
            }
            first = false;
            PrometheusJson.vectorElement(json, element.labels(), result.evalMillis(), element.value());
        }
        json.ascii("]}");
        PrometheusJson.end(json, notes, "");
        return json.toByteArray();
    }
}
