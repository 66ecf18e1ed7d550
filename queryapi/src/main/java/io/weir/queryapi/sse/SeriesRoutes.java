package io.weir.queryapi.sse;

import com.fasterxml.jackson.databind.JsonNode;
import io.javalin.http.Context;
import io.javalin.http.NotFoundResponse;
import io.weir.lake.catalog.MetricMetadata;
import io.weir.lake.catalog.SegmentCatalog;
import io.weir.promql.ast.Expr;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.encoding.PrometheusJson;
import io.weir.queryapi.eval.LookupEngine;
import io.weir.queryapi.eval.LookupEngine.Answer;
import io.weir.queryapi.eval.QuerySessions;
import io.weir.queryapi.eval.QuerySessions.Question;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.http.ClientWatch;
import io.weir.queryapi.http.Origins;
import io.weir.queryapi.http.Reply;
import io.weir.queryapi.http.RequestParameters;
import io.weir.queryapi.plan.LookupRequest;
import io.weir.queryapi.plan.LookupRequest.Kind;
import io.weir.queryapi.plan.QueryPlanning;
import io.weir.queryapi.spi.AskedQuery;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Metrics, tags, tag values and validation in lakerunner's shapes (lakerunner.md sections 1.1 and 1.6). */
public final class SeriesRoutes {
    private static final Pattern TAG_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_.]*");
    private static final String UNKNOWN_TYPE = "unknown";

    private final ApiSettings settings;
    private final QuerySessions sessions;
    private final QueryPlanning planning;
    private final LookupEngine engine;
    private final SegmentCatalog catalog;
    private final Clock clock;

    public SeriesRoutes(
            ApiSettings settings,
            QuerySessions sessions,
            QueryPlanning planning,
            LookupEngine engine,
            SegmentCatalog catalog,
            Clock clock) {
        this.settings = settings;
        this.sessions = sessions;
        this.planning = planning;
        this.engine = engine;
        this.catalog = catalog;
        this.clock = clock;
    }

    /** {@code {"metrics":[{"name","type"}]}} of the metrics with samples in the range. */
    public void metadata(Context context) throws IOException {
        LookupRequest asked = prepared(
                context, request -> lookup(context, request, Kind.LABEL_VALUES, Labels.METRIC_NAME, List.of()), "e-1h");
        List<String> names = run(context, asked).strings();
        Map<String, List<MetricMetadata>> metadata = catalog.metadata(RequestParameters.tenant(context), "", -1);
        Reply.json(context, settings.responseBufferBytes(), json -> {
            json.ascii("{\"metrics\":[");
            for (int i = 0; i < names.size(); i++) {
                if (i > 0) {
                    json.ascii(',');
                }
                metric(json, names.get(i), metadata);
            }
            json.ascii("]}");
        });
    }

    private static void metric(JsonBytes json, String name, Map<String, List<MetricMetadata>> metadata)
            throws IOException {
        List<MetricMetadata> known = metadata.getOrDefault(name, List.of());
        json.ascii("{\"name\":")
                .string(name)
                .ascii(",\"type\":")
                .string(known.isEmpty() ? UNKNOWN_TYPE : known.getFirst().type())
                .ascii('}');
    }

    /** The label names of a metric or of the selectors of a query. */
    public void tags(Context context) throws IOException {
        TagsAsked asked = prepared(context, request -> tagsAsked(context, request), "e-24h");
        String metric = asked.metric();
        boolean byQuery = asked.byQuery();
        List<String> names = run(context, asked.lookup()).strings();
        if (!byQuery && names.isEmpty()) {
            throw new NotFoundResponse("metric not found: " + metric);
        }
        Map<String, List<MetricMetadata>> metadata =
                byQuery ? Map.of() : catalog.metadata(RequestParameters.tenant(context), metric, -1);
        List<String> tags =
                names.stream().filter(name -> !name.equals(Labels.METRIC_NAME)).toList();
        Reply.json(context, settings.responseBufferBytes(), json -> {
            json.ascii('{');
            if (!byQuery) {
                json.ascii("\"metric\":");
                metric(json, metric, metadata);
                json.ascii(',');
            }
            json.ascii("\"tags\":");
            PrometheusJson.strings(json, tags);
            json.ascii('}');
        });
    }

    /** A question for tags that was understood. */
    private record TagsAsked(LookupRequest lookup, String metric, boolean byQuery) {}

    private TagsAsked tagsAsked(Context context, SseRequest request) {
        String metric = SseRequest.text(request.body(), "metric", "");
        if (request.query().isEmpty() && metric.isEmpty()) {
            throw new QueryException.BadData("field \"q\" or \"metric\" is needed");
        }
        boolean byQuery = !request.query().isEmpty();
        List<List<LabelMatcher>> sets = byQuery
                ? selectors(request.query())
                : List.of(List.of(LabelMatcher.of(LabelMatcher.Type.EQUAL, Labels.METRIC_NAME, metric)));
        return new TagsAsked(lookup(context, request, Kind.LABEL_NAMES, "", sets), metric, byQuery);
    }

    /** A question for values that was understood. */
    private record ValuesAsked(LookupRequest lookup, String query) {}

    private ValuesAsked valuesAsked(Context context, SseRequest request) {
        String tag = context.queryParam("tagName");
        if (tag == null || !TAG_NAME.matcher(tag).matches()) {
            throw new QueryException.BadData("parameter tagName must be a label's name");
        }
        String name = tag.replace('.', '_');
        String label = name.equals("metric_name") ? Labels.METRIC_NAME : name;
        List<List<LabelMatcher>> sets = request.query().isEmpty() ? List.of() : selectors(request.query());
        return new ValuesAsked(lookup(context, request, Kind.LABEL_VALUES, label, sets), request.query());
    }

    /** The values of one label as a stream. */
    public void tagValues(Context context) throws IOException {
        ValuesAsked asked = prepared(context, request -> valuesAsked(context, request), "e-1h");
        Answer answer = run(context, asked.lookup());
        SseWriter writer =
                new SseWriter(context.res(), settings.responseBufferBytes(), settings.ssePingIntervalMillis());
        SseFrames frames = new SseFrames(writer);
        for (String value : answer.strings()) {
            JsonBytes json = frames.begin("result");
            json.ascii("{\"value\":").string(value).ascii('}');
            frames.end(json);
        }
        frames.done(List.of(), answer.truncated() ? List.of(SseBuffered.TRUNCATED) : List.of(), asked.query());
    }

    /** Reads a request; what is wrong with it counts as a failed query. */
    private <T> T prepared(Context context, Function<SseRequest, T> reading, String startDefault) {
        return sessions.prepare(
                () -> Origins.refused(context, SseRequest.queryOf(context.bodyAsBytes()), "labels", clock),
                () -> reading.apply(SseRequest.parse(context.bodyAsBytes(), clock.millis(), startDefault)));
    }

    private LookupRequest lookup(
            Context context, SseRequest request, Kind kind, String label, List<List<LabelMatcher>> sets) {
        long timeout = request.timeoutMillis() == 0
                ? settings.limits().timeoutMillisMax()
                : Math.min(request.timeoutMillis(), settings.limits().timeoutMillisMax());
        return new LookupRequest(
                RequestParameters.queryId(context),
                RequestParameters.tenant(context),
                kind,
                label,
                sets,
                request.startMillis(),
                request.endMillis(),
                request.limit(),
                timeout);
    }

    private Answer run(Context context, LookupRequest lookup) throws IOException {
        Question question = new Question(
                lookup.queryId(),
                lookup.tenant(),
                lookup.display(),
                "labels",
                new AskedQuery.Range(lookup.startMillis(), lookup.endMillis(), 0),
                Origins.of(context),
                lookup.timeoutMillis(),
                ClientWatch.of(context));
        return sessions.run(question, session -> {
            Answer found = engine.run(session, lookup);
            session.running().firstResult();
            return found;
        });
    }

    /** The matchers of every selector of a query. */
    private List<List<LabelMatcher>> selectors(String query) {
        List<List<LabelMatcher>> sets = new ArrayList<>();
        collect(planning.parse(query), sets);
        if (sets.isEmpty()) {
            throw new QueryException.BadData("field \"q\": the query selects no series");
        }
        return sets;
    }

    private static void collect(Expr expression, List<List<LabelMatcher>> sets) {
        if (expression instanceof Expr.VectorSelector selector) {
            sets.add(selector.matchers());
        }
        expression.children().forEach(child -> collect(child, sets));
    }

    /** Whether a text is PromQL that this server evaluates, and if not, where it goes wrong. */
    public void validate(Context context) throws IOException {
        JsonNode body = SseRequest.read(context.bodyAsBytes());
        String query = SseRequest.text(body, "query", "");
        Map<String, String> problem = new TreeMap<>();
        int line = 0;
        int column = 0;
        try {
            Expr expression = planning.parse(query);
            planning.check(expression);
        } catch (QueryException.Parse e) {
            problem.put("error", String.valueOf(e.getMessage()));
            String position = e.position().startPosition(query);
            problem.put("pos", position);
            if (!query.isEmpty()) {
                line = Integer.parseInt(position.substring(0, position.indexOf(':')));
                column = Integer.parseInt(position.substring(position.indexOf(':') + 1));
            }
        } catch (QueryException e) {
            problem.put("error", String.valueOf(e.getMessage()));
        }
        int shownLine = line;
        int shownColumn = column;
        Reply.json(context, settings.responseBufferBytes(), json -> {
            json.ascii("{\"valid\":").ascii(Boolean.toString(problem.isEmpty()));
            for (Map.Entry<String, String> entry : problem.entrySet()) {
                json.ascii(",\"").ascii(entry.getKey()).ascii("\":").string(entry.getValue());
            }
            if (shownLine > 0) {
                json.ascii(",\"line\":").number(shownLine).ascii(",\"column\":").number(shownColumn);
            }
            json.ascii('}');
        });
    }
}
