package io.weir.precompute.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.JavalinConfig;
import io.javalin.http.ConflictResponse;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.javalin.http.HttpStatus;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobLimits;
import io.weir.precompute.job.JobRequests;
import io.weir.precompute.registry.Jobs;
import io.weir.precompute.registry.Jobs.Creation;
import io.weir.precompute.result.ResultDirectory;
import io.weir.precompute.result.TickResult;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.spi.JsonRequests;
import io.weir.queryapi.spi.RouteContributor;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/** The routes of jobs: {@code /api/v1/precompute/jobs}, of the request's tenant alone. */
public final class JobRoutes implements RouteContributor {
    private static final String PATH = "/api/v1/precompute/jobs";
    private static final String ALL = "all";
    private static final Set<String> STATUSES = Set.of("created", "active", "failing", "expired", ALL);
    private static final List<HandlerType> METHODS =
            List.of(HandlerType.GET, HandlerType.POST, HandlerType.PUT, HandlerType.PATCH, HandlerType.DELETE);

    private final JobLimits limits;
    private final JobRequests requests;
    private final Jobs jobs;
    private final ResultDirectory results;
    private final InstantSource clock;

    public JobRoutes(JobLimits limits, JobRequests requests, Jobs jobs, ResultDirectory results, InstantSource clock) {
        this.limits = limits;
        this.requests = requests;
        this.jobs = jobs;
        this.results = results;
        this.clock = clock;
    }

    @Override
    public void contribute(JavalinConfig config) {
        config.routes.get(PATH, this::list);
        config.routes.post(PATH, this::create);
        config.routes.get(PATH + "/{id}", this::get);
        config.routes.delete(PATH + "/{id}", this::delete);
        refuseOthers(config, PATH, List.of(HandlerType.GET, HandlerType.POST));
        refuseOthers(config, PATH + "/{id}", List.of(HandlerType.GET, HandlerType.DELETE));
    }

    /** 405 that says what is allowed. */
    public static void refuseOthers(JavalinConfig config, String path, List<HandlerType> allowed) {
        String text = String.join(", ", allowed.stream().map(HandlerType::name).toList());
        for (HandlerType method : METHODS) {
            if (!allowed.contains(method)) {
                config.routes.addHttpHandler(method, path, context -> {
                    context.header("Allow", text);
                    throw new HttpResponseException(
                            HttpStatus.METHOD_NOT_ALLOWED.getCode(),
                            context.method().name() + " is not allowed here; allowed are " + text,
                            Map.of());
                });
            }
        }
    }

    private void create(Context context) throws IOException {
        String tenant = JobTenants.of(context);
        byte[] body = JsonRequests.bytes(context, limits.requestBytesMax(), "precompute-jobs-request-bytes-max");
        JobRequests.Request request = requests.read(tenant, JsonRequests.parse(body), clock.millis());
        switch (jobs.create(request.spec())) {
            case Creation.Created(Job job) -> answer(context, job, "created", request.warnings());
            case Creation.Known(Jobs.JobView view) ->
                answer(context, view.job(), view.statistics().status().text(), request.warnings());
            case Creation.PathTaken(String jobId, String storePath) ->
                throw new ConflictResponse("field \"store_path\": " + storePath + " belongs to job " + jobId
                        + ", which asks for something else: delete that one or choose another path (or set"
                        + " precompute-jobs-store-path-conflict to suffix)");
            case Creation.Full(long jobsMax, String setting) ->
                throw new ConflictResponse(
                        "there are " + jobsMax + " jobs, as many as may be (setting " + setting + "): delete some");
        }
    }

    private static void answer(Context context, Job job, String status, List<String> warnings) {
        context.header("Location", PATH + "/" + job.jobId());
        json(context, JobJson.created(job, status, warnings));
    }

    private void list(Context context) {
        String tenant = JobTenants.of(context);
        String wanted = context.queryParam("status");
        if (wanted != null && !STATUSES.contains(wanted)) {
            throw new QueryException.BadData(
                    "invalid parameter \"status\": it is one of created, active, failing, expired, all");
        }
        Jobs.Listing listing = jobs.list(tenant);
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        for (Jobs.JobView view : listing.views()) {
            if (wanted == null
                    || wanted.equals(ALL)
                    || wanted.equals(view.statistics().status().text())) {
                array.add(json(view));
            }
        }
        ObjectNode answer =
                JsonNodeFactory.instance.objectNode().put("status", "success").put("count", array.size());
        answer.set("jobs", array);
        if (listing.warning() != null) {
            answer.putArray("warnings").add(listing.warning());
        }
        json(context, answer);
    }

    private void get(Context context) {
        String id = context.pathParam("id");
        json(context, jobs.find(JobTenants.of(context), id).map(this::json).orElseThrow(() -> notFound(id)));
    }

    private ObjectNode json(Jobs.JobView view) {
        Job job = view.job();
        List<TickResult> ticks = results.at(job.spec().tenant(), job.spec().storePath())
                .filter(found -> found.job().jobId().equals(job.jobId()))
                .map(ResultDirectory.JobResults::ticks)
                .orElse(List.of());
        OptionalLong newest = ticks.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(ticks.getLast().evalMillis());
        return JobJson.job(view, newest, clock.millis());
    }

    private void delete(Context context) {
        String id = context.pathParam("id");
        if (!jobs.delete(JobTenants.of(context), id)) {
            throw notFound(id);
        }
        context.status(HttpStatus.NO_CONTENT);
    }

    private static HttpResponseException notFound(String id) {
        return new HttpResponseException(
                HttpStatus.NOT_FOUND.getCode(), "precompute job '" + JsonRequests.shown(id) + "' not found", Map.of());
    }

    private static void json(Context context, ObjectNode document) {
        context.header("Cache-Control", "no-store")
                .contentType("application/json")
                .result(document.toString());
    }
}
