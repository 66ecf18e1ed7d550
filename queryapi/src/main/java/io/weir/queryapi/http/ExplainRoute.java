package io.weir.queryapi.http;

import io.javalin.http.Context;
import io.weir.lake.segment.SegmentMeta;
import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.parser.PromqlPrinter;
import io.weir.promql.plan.Leaf;
import io.weir.promql.series.StepGrid;
import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.encoding.PrometheusJson;
import io.weir.queryapi.plan.LeafWork;
import io.weir.queryapi.plan.PlannedQuery;
import io.weir.queryapi.plan.QueryPlanning;
import io.weir.queryapi.plan.QueryPlanning.Understood;
import io.weir.queryapi.plan.QueryRequest;
import io.weir.queryapi.precomputed.Bypass;
import io.weir.queryapi.spi.PrecomputedAnswers;
import io.weir.queryapi.spi.PrecomputedAnswers.Answer;
import io.weir.queryapi.spi.PrecomputedAnswers.Hit;
import io.weir.queryapi.spi.PrecomputedAnswers.Miss;
import io.weir.queryapi.workmanager.WorkManager;
import io.weir.queryapi.workmanager.WorkUnit;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** {@code /api/v1/explain}: the plan of a query as it would run now, without running it. */
final class ExplainRoute {
    /** Most segments listed per leaf; the counts tell about the rest. */
    private static final int SEGMENTS_SHOWN_MAX = 100;

    private final ApiSettings settings;
    private final QueryRoutes queries;
    private final QueryPlanning planning;
    private final WorkManager workManager;
    private final PrecomputedAnswers precomputed;

    ExplainRoute(
            ApiSettings settings,
            QueryRoutes queries,
            QueryPlanning planning,
            WorkManager workManager,
            PrecomputedAnswers precomputed) {
        this.settings = settings;
        this.queries = queries;
        this.planning = planning;
        this.workManager = workManager;
        this.precomputed = precomputed;
    }

    void explain(Context context) throws IOException {
        RequestParameters parameters = new RequestParameters(context);
        boolean range = !parameters.get("start").isEmpty()
                || !parameters.get("end").isEmpty()
                || !parameters.get("step").isEmpty();
        QueryRequest request =
                range ? queries.rangeRequest(context, parameters) : queries.instantRequest(context, parameters);
        Understood understood = queries.understand(request);
        Answer before = Bypass.of(context, parameters.get(Bypass.PARAMETER))
                ? new Miss("the request says " + Bypass.PARAMETER + "=off")
                : precomputed.look(queries.question(request, understood.expression(), range));
        PlannedQuery planned = planning.work(request, understood.plan(), 0, false);
        Reply.json(context, settings.responseBufferBytes(), json -> {
            PrometheusJson.success(json);
            write(json, planned, before);
            PrometheusJson.end(json, List.of(), request.query());
        });
    }

    private void write(JsonBytes json, PlannedQuery planned, Answer before) throws IOException {
        json.ascii("{\"query\":")
                .string(PromqlPrinter.print(planning.parse(planned.request().query())));
        json.ascii(",\"type\":\"").ascii(planned.plan().type().text()).ascii("\",\"grid\":");
        grid(json, planned.plan().queryGrid());
        json.ascii(",\"lookbackSeconds\":")
                .timestamp(planned.plan().options().lookbackMillis())
                .ascii(",\"central\":")
                .string(planned.plan().root().toString())
                .ascii(",\"workUnits\":")
                .number(planned.units().size())
                .ascii(",\"precompute\":");
        precompute(json, before);
        json.ascii(",\"leaves\":[");
        for (int i = 0; i < planned.leaves().size(); i++) {
            if (i > 0) {
                json.ascii(',');
            }
            leaf(json, planned.leaves().get(i));
        }
        json.ascii("]}");
    }

    private static void precompute(JsonBytes json, Answer before) throws IOException {
        switch (before) {
            case Miss miss ->
                json.ascii("{\"hit\":false,\"reason\":").string(miss.reason()).ascii('}');
            case Hit hit ->
                json.ascii("{\"hit\":true,\"jobId\":")
                        .string(hit.jobId())
                        .ascii(",\"tick\":")
                        .timestamp(hit.newestMillis())
                        .ascii(",\"ageSeconds\":")
                        .timestamp(hit.ageMillis())
                        .ascii(",\"errorBound\":")
                        .string(hit.errorBound())
                        .ascii(",\"series\":")
                        .number(hit.series().size())
                        .ascii('}');
        }
    }

    private static void grid(JsonBytes json, StepGrid grid) throws IOException {
        json.ascii("{\"start\":")
                .timestamp(grid.startMillis())
                .ascii(",\"end\":")
                .timestamp(grid.endMillis())
                .ascii(",\"step\":")
                .timestamp(grid.stepMillis())
                .ascii(",\"steps\":")
                .number(grid.count())
                .ascii('}');
    }

    private void leaf(JsonBytes json, LeafWork work) throws IOException {
        Leaf leaf = work.leaf();
        json.ascii("{\"id\":").number(leaf.id());
        json.ascii(",\"expression\":").string(PromqlPrinter.print(leaf.plan().expression()));
        json.ascii(",\"ordinal\":").number(leaf.exprOrdinal());
        json.ascii(",\"kind\":").string(leaf.kind().name().toLowerCase(Locale.ROOT));
        json.ascii(",\"pushedAggregation\":");
        aggregate(json, leaf);
        json.ascii(",\"grid\":");
        grid(json, leaf.plan().grid());
        json.ascii(",\"dataStart\":").timestamp(leaf.plan().dataStartMillis());
        json.ascii(",\"dataEnd\":").timestamp(leaf.plan().dataEndMillis());
        json.ascii(",\"samplesEstimated\":").number(work.samplesEstimated());
        List<SegmentMeta> segments = work.selection().segments();
        json.ascii(",\"segmentsConsidered\":").number(work.selection().consideredCount());
        json.ascii(",\"segmentsKept\":").number(segments.size());
        json.ascii(",\"segments\":");
        PrometheusJson.strings(
                json,
                segments.stream().limit(SEGMENTS_SHOWN_MAX).map(SegmentMeta::id).toList());
        json.ascii(",\"units\":[");
        List<WorkUnit> units = work.units();
        for (int i = 0; i < units.size(); i++) {
            if (i > 0) {
                json.ascii(',');
            }
            unit(json, units.get(i));
        }
        json.ascii("]}");
    }

    private static void aggregate(JsonBytes json, Leaf leaf) throws IOException {
        PartialAggregate aggregate = leaf.plan().aggregate();
        if (aggregate == null) {
            json.ascii("null");
            return;
        }
        json.ascii("{\"operator\":").string(aggregate.operator().text());
        json.ascii(",\"without\":").ascii(Boolean.toString(aggregate.without())).ascii(",\"grouping\":");
        PrometheusJson.strings(json, aggregate.grouping());
        json.ascii('}');
    }

    private void unit(JsonBytes json, WorkUnit unit) throws IOException {
        Optional<String> worker = workManager.placement(unit.affinityKey());
        json.ascii("{\"shardFrom\":").number(unit.spec().getShardFrom());
        json.ascii(",\"shardTo\":").number(unit.spec().getShardTo());
        json.ascii(",\"segments\":").number(unit.spec().getSegmentsCount());
        json.ascii(",\"affinityKey\":").string(unit.affinityKey());
        json.ascii(",\"worker\":");
        if (worker.isPresent()) {
            json.string(worker.get());
        } else {
            json.ascii("null");
        }
        json.ascii('}');
    }
}
