package io.weir.queryapi.http;

import io.javalin.http.Context;
import io.weir.lake.catalog.MetricMetadata;
import io.weir.lake.catalog.SegmentCatalog;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.GoText;
import io.weir.promql.parser.PromqlParser;
import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.encoding.PrometheusJson;
import io.weir.queryapi.eval.LookupEngine;
import io.weir.queryapi.eval.LookupEngine.Answer;
import io.weir.queryapi.eval.QuerySessions;
import io.weir.queryapi.eval.QuerySessions.Question;
import io.weir.queryapi.plan.LookupRequest;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryOrigin;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Labels, series and metadata (web/api/v1/api.go, labelNames, labelValues, series, metricMetadata). */
final class LookupRoutes {
    private final ApiSettings settings;
    private final QuerySessions sessions;
    private final LookupEngine engine;
    private final SegmentCatalog catalog;
    private final Clock clock;

    LookupRoutes(
            ApiSettings settings, QuerySessions sessions, LookupEngine engine, SegmentCatalog catalog, Clock clock) {
        this.settings = settings;
        this.sessions = sessions;
        this.engine = engine;
        this.catalog = catalog;
        this.clock = clock;
    }

    void labels(Context context) throws IOException {
        strings(context, LookupRequest.Kind.LABEL_NAMES, "");
    }

    void labelValues(Context context) throws IOException {
        String name = LabelNames.unescape(context.pathParam("name"));
        if (name.isEmpty() || !GoText.isValidUtf8(name)) {
            throw new QueryException.BadData("invalid label name: " + TimeText.quote(name));
        }
        strings(context, LookupRequest.Kind.LABEL_VALUES, name);
    }

    private void strings(Context context, LookupRequest.Kind kind, String label) throws IOException {
        RequestParameters parameters = new RequestParameters(context);
        run(context, prepared(context, "labels", () -> request(context, parameters, kind, label)), (json, answer) -> {
            List<String> sorted = new ArrayList<>(answer.strings());
            sorted.sort(Labels::compareStrings);
            PrometheusJson.strings(json, sorted);
        });
    }

    void series(Context context) throws IOException {
        RequestParameters parameters = new RequestParameters(context);
        Asked request = prepared(context, "series", () -> {
            if (parameters.all("match[]").isEmpty()) {
                throw new QueryException.BadData("no match[] parameter provided");
            }
            return request(context, parameters, LookupRequest.Kind.SERIES, "");
        });
        run(context, request, (json, answer) -> {
            json.ascii('[');
            boolean first = true;
            for (Labels labels : answer.series()) {
                if (!first) {
                    json.ascii(',');
                }
                first = false;
                PrometheusJson.labels(json, labels);
            }
            json.ascii(']');
        });
    }

    /** Writes the data of an answer. */
    private interface AnswerWriter {
        void write(JsonBytes json, Answer answer) throws IOException;
    }

    /** A request that was understood. */
    private record Asked(LookupRequest request, QueryOrigin origin) {}

    private Asked prepared(Context context, String kind, Supplier<LookupRequest> request) {
        return sessions.prepare(
                () -> Origins.refused(context, "", kind, clock), () -> new Asked(request.get(), Origins.of(context)));
    }

    private void run(Context context, Asked asked, AnswerWriter writer) throws IOException {
        LookupRequest request = asked.request();
        String kind = request.kind() == LookupRequest.Kind.SERIES ? "series" : "labels";
        Question question = new Question(
                request.queryId(),
                request.tenant(),
                request.display(),
                kind,
                range(request),
                asked.origin(),
                request.timeoutMillis(),
                ClientWatch.of(context));
        Answer answer = sessions.run(question, session -> {
            Answer found = engine.run(session, request);
            session.running().firstResult();
            return found;
        });
        Reply.json(context, settings.responseBufferBytes(), json -> {
            PrometheusJson.success(json);
            writer.write(json, answer);
            PrometheusJson.end(json, truncation(answer.truncated()), "");
        });
    }

    /** Bounds that a client did not give are none. */
    private static AskedQuery.@Nullable Range range(LookupRequest request) {
        return request.startMillis() == -TimeText.TIME_MILLIS_MAX || request.endMillis() == TimeText.TIME_MILLIS_MAX
                ? null
                : new AskedQuery.Range(request.startMillis(), request.endMillis(), 0);
    }

    private static List<Annotation> truncation(boolean truncated) {
        return truncated
                ? List.of(new Annotation(Annotation.Level.WARNING, ResultJson.TRUNCATED, PositionRange.NONE))
                : List.of();
    }

    private LookupRequest request(
            Context context, RequestParameters parameters, LookupRequest.Kind kind, String label) {
        int limit = parameters.limit("limit");
        long start = parameters.time("start", -TimeText.TIME_MILLIS_MAX);
        long end = parameters.time("end", TimeText.TIME_MILLIS_MAX);
        List<List<LabelMatcher>> sets = matcherSets(parameters.all("match[]"), kind == LookupRequest.Kind.SERIES);
        return new LookupRequest(
                RequestParameters.queryId(context),
                RequestParameters.tenant(context),
                kind,
                label,
                sets,
                start,
                end,
                limit,
                parameters.timeoutMillis(settings.limits().timeoutMillisMax()));
    }

    /**
     * The matchers of each selector; one of them must not match the empty string.
     *
     * @param named whether an error names the parameter, which Prometheus does for /series only
     */
    static List<List<LabelMatcher>> matcherSets(List<String> selectors, boolean named) {
        List<List<LabelMatcher>> sets = new ArrayList<>();
        try {
            for (String selector : selectors) {
                sets.add(PromqlParser.parseSelector(selector));
            }
            for (List<LabelMatcher> matchers : sets) {
                if (matchers.stream().allMatch(LabelMatcher::matchesEmpty)) {
                    throw new QueryException.BadData("match[] must contain at least one non-empty matcher");
                }
            }
        } catch (QueryException.BadData e) {
            throw named ? RequestParameters.invalid("match[]", String.valueOf(e.getMessage())) : e;
        }
        return sets;
    }

    void metadata(Context context) throws IOException {
        RequestParameters parameters = new RequestParameters(context);
        int limit = metadataLimit(parameters, "limit");
        int perMetric = metadataLimit(parameters, "limit_per_metric");
        Map<String, List<MetricMetadata>> metadata = limit == 0
                ? Map.of()
                : catalog.metadata(RequestParameters.tenant(context), parameters.get("metric"), limit);
        Reply.json(context, settings.responseBufferBytes(), json -> {
            PrometheusJson.success(json);
            json.ascii('{');
            boolean first = true;
            for (Map.Entry<String, List<MetricMetadata>> entry : new TreeMap<>(metadata).entrySet()) {
                if (!first) {
                    json.ascii(',');
                }
                first = false;
                json.string(entry.getKey()).ascii(":[");
                List<MetricMetadata> all = entry.getValue();
                int count = perMetric > 0 ? Math.min(perMetric, all.size()) : all.size();
                for (int i = 0; i < count; i++) {
                    json.ascii(i == 0 ? "{\"type\":" : ",{\"type\":")
                            .string(all.get(i).type())
                            .ascii(",\"help\":")
                            .string(all.get(i).help())
                            .ascii(",\"unit\":")
                            .string(all.get(i).unit())
                            .ascii('}');
                }
                json.ascii(']');
            }
            json.ascii('}');
            PrometheusJson.end(json, List.of(), "");
        });
    }

    /** A limit of metadata, -1 for none; Prometheus takes any number here, and says it otherwise than elsewhere. */
    static int metadataLimit(RequestParameters parameters, String name) {
        if (parameters.get(name).isEmpty()) {
            return -1;
        }
        try {
            return RequestParameters.integer(name, "", "Atoi", parameters.get(name), 64);
        } catch (QueryException.BadData e) {
            throw new QueryException.BadData(name + " must be a number");
        }
    }
}
