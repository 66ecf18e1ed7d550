package io.weir.precompute.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.precompute.source.SourceAddress;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.Feature;
import io.weir.queryapi.spi.JsonRequests;
import io.weir.sketch.HyperLogLog;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Reads requests for jobs, and writes and reads what the registry keeps of them. Pure: the caller tells the time. */
public final class JobRequests {
    private static final String QUERY = "query";
    private static final String GRANULARITY = "granularity";
    private static final String SOURCE = "source";
    private static final String SKETCH_TYPE = "sketch_type";
    private static final String STORE_PATH = "store_path";
    private static final String VALID_UNTIL = "valid_until";
    private static final String LABELS = "labels";
    private static final String ALPHA = "alpha";
    private static final String PRECISION = "precision";
    private static final String CANDIDATES = "k_max";
    private static final Set<String> KNOWN = Set.of(
            QUERY, GRANULARITY, SOURCE, SKETCH_TYPE, STORE_PATH, VALID_UNTIL, LABELS, ALPHA, PRECISION, CANDIDATES);

    private static final Pattern LABEL_NAME = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]{0,255}");
    /** Finer ones make sketches that are larger than the samples. */
    private static final double ALPHA_MIN = 0.0001;

    private static final double ALPHA_MAX = 0.2;
    private static final int CANDIDATES_MAX = 1 << 16;
    /** Candidates remembered for each item asked for: what is heavy in all is not always heavy in each part. */
    private static final int CANDIDATES_PER_ITEM = 4;

    private final JobLimits limits;
    private final JobQueries queries;
    private final Function<String, SourceAddress> addresses;

    /**
     * @param features of the language of the API's queries
     * @param addresses understands the field {@code source} and refuses what is not allowed, by {@link QueryException.BadData}
     */
    public JobRequests(JobLimits limits, Set<Feature> features, Function<String, SourceAddress> addresses) {
        this.limits = limits;
        this.queries = new JobQueries(limits, features);
        this.addresses = addresses;
    }

    /**
     * A job that somebody asks for.
     *
     * @param warnings what was not taken at its word, for people
     */
    public record Request(JobSpec spec, List<String> warnings) {
        public Request {
            warnings = List.copyOf(warnings);
        }
    }

    /**
     * Reads a request.
     *
     * @param nowMillis wall clock
     * @throws QueryException.BadData naming the field
     */
    public Request read(String tenant, JsonNode body, long nowMillis) {
        if (!body.isObject()) {
            throw new QueryException.BadData("the body must be a JSON object with the fields " + QUERY + ", "
                    + GRANULARITY + ", " + SOURCE + ", " + SKETCH_TYPE + " and " + STORE_PATH);
        }
        List<String> warnings = new ArrayList<>();
        TreeSet<String> unknown = new TreeSet<>();
        for (Iterator<String> names = body.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!KNOWN.contains(name)) {
                unknown.add(name);
            }
        }
        if (!unknown.isEmpty()) {
            warnings.add(unknown.size() + " unknown fields are ignored, such as \""
                    + JsonRequests.shown(unknown.first()) + "\"");
        }
        JobFields fields = new JobFields(body);
        JobSpec spec = spec(tenant, fields, warnings);
        refuseParametersOfOthers(fields, spec.source());
        if (spec.validUntilMillis().isPresent() && spec.validUntilMillis().getAsLong() <= nowMillis) {
            throw JobFields.bad(VALID_UNTIL, "is in the past");
        }
        return new Request(spec, warnings);
    }

    /**
     * Understands the query of a job that somebody may ask for.
     *
     * @throws QueryException.BadData if it cannot be the query of a job
     */
    public JobQuery query(String text) {
        return queries.parse(text, new ArrayList<>());
    }

    /**
     * Reads what {@link #stored} wrote.
     *
     * @param storePath where its results are, which may be another than was asked for
     * @throws QueryException.BadData if it is not allowed any more
     */
    public JobSpec restore(String tenant, JsonNode stored, String storePath) {
        JobSpec spec = spec(tenant, new JobFields(stored), new ArrayList<>());
        return withStorePath(spec, storePath);
    }

    /** The same with its results elsewhere. */
    public static JobSpec withStorePath(JobSpec spec, String storePath) {
        return new JobSpec(
                spec.tenant(),
                spec.query(),
                spec.granularityMillis(),
                spec.source(),
                spec.sketchType(),
                storePath,
                spec.validUntilMillis(),
                spec.labels(),
                spec.options());
    }

    /** What the registry keeps of a request: the same fields, each as short as it can be. */
    public static ObjectNode stored(JobSpec spec) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put(QUERY, spec.query().text())
                .put(GRANULARITY, Durations.text(spec.granularityMillis()))
                .put(SOURCE, spec.source().text())
                .put(SKETCH_TYPE, spec.sketchType())
                .put(STORE_PATH, spec.storePath());
        spec.validUntilMillis()
                .ifPresent(millis ->
                        json.put(VALID_UNTIL, Instant.ofEpochMilli(millis).toString()));
        spec.labels().ifPresent(names -> {
            ArrayNode array = json.putArray(LABELS);
            names.forEach(array::add);
        });
        if (spec.query() instanceof JobQuery.OfSketch sketch) {
            switch (sketch.function()) {
                case SketchFunction.Quantile quantile ->
                    json.put(ALPHA, spec.options().relativeAccuracy());
                case SketchFunction.CountDistinct distinct ->
                    json.put(PRECISION, spec.options().precision());
                case SketchFunction.Top top ->
                    json.put(CANDIDATES, spec.options().candidatesMax());
            }
        }
        return json;
    }

    private JobSpec spec(String tenant, JobFields fields, List<String> warnings) {
        // All five are looked at before any is understood, so that a message about one is not hidden by another's.
        String queryText = fields.text(QUERY);
        String granularityText = fields.text(GRANULARITY);
        String sourceText = fields.text(SOURCE);
        String sketchType = fields.text(SKETCH_TYPE);
        String storePath = StorePaths.check(fields.text(STORE_PATH));
        JobQuery query = queries.parse(queryText, warnings);
        long granularityMillis = granularity(granularityText);
        SketchTypes.check(sketchType, query, warnings);
        SourceAddress source = addresses.apply(sourceText);
        checkSource(source, query);
        OptionalLong validUntilMillis = validUntil(fields);
        Optional<List<String>> labels = labels(fields, query);
        return new JobSpec(
                tenant,
                query,
                granularityMillis,
                source,
                sketchType,
                storePath,
                validUntilMillis,
                labels,
                options(fields, query));
    }

    private long granularity(String text) {
        long millis;
        try {
            millis = Durations.parse(text.strip());
        } catch (IllegalArgumentException e) {
            throw JobFields.bad(GRANULARITY, String.valueOf(e.getMessage()));
        }
        if (millis < limits.granularityMillisMin() || millis > limits.granularityMillisMax()) {
            throw JobFields.bad(
                    GRANULARITY,
                    "must be from " + Durations.text(limits.granularityMillisMin()) + " to "
                            + Durations.text(limits.granularityMillisMax()));
        }
        return millis;
    }

    private static void checkSource(SourceAddress source, JobQuery query) {
        switch (source) {
            case SourceAddress.Lake lake -> {}
            case SourceAddress.Prometheus prometheus -> {}
            case SourceAddress.Sketches sketches -> {
                switch (query) {
                    case JobQuery.OfExpression expression ->
                        throw JobFields.bad(
                                QUERY,
                                "a source of sketches answers quantile_over_time, count_distinct_over_time and"
                                        + " top_k_over_time over a plain range selector only, such as"
                                        + " quantile_over_time(0.99, latency[5m]); for another query use the source"
                                        + " lake:// or the http:// address of a Prometheus-compatible server");
                    case JobQuery.OfSketch sketch -> {
                        boolean named = sketch.selector().matchers().stream()
                                .anyMatch(matcher -> matcher.name().equals(Labels.METRIC_NAME)
                                        && matcher.type() == LabelMatcher.Type.EQUAL
                                        && !matcher.value().isEmpty());
                        if (!named) {
                            throw JobFields.bad(QUERY, "a source of sketches needs the metric's name in the selector");
                        }
                    }
                }
            }
        }
    }

    private static OptionalLong validUntil(JobFields fields) {
        Optional<String> text = fields.optionalText(VALID_UNTIL);
        if (text.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            OffsetDateTime time = OffsetDateTime.parse(text.get());
            if (time.getYear() < 1970 || time.getYear() > 9999) {
                throw JobFields.bad(VALID_UNTIL, "must be a year from 1970 to 9999");
            }
            return OptionalLong.of(time.toInstant().toEpochMilli());
        } catch (DateTimeException e) {
            throw JobFields.bad(VALID_UNTIL, "must be a time as in RFC 3339, such as 2026-03-26T00:00:00Z");
        }
    }

    private Optional<List<String>> labels(JobFields fields, JobQuery query) {
        Optional<List<String>> names = fields.texts(LABELS, limits.labelsMax());
        if (names.isEmpty()) {
            return names;
        }
        if (query instanceof JobQuery.OfExpression) {
            throw JobFields.bad(
                    LABELS, "only sketches are merged by labels; write sum by (...) or the like into the query");
        }
        TreeSet<String> sorted = new TreeSet<>();
        for (String name : names.get()) {
            if (!LABEL_NAME.matcher(name).matches() || name.equals(Labels.METRIC_NAME)) {
                throw JobFields.bad(LABELS, "\"" + JsonRequests.shown(name) + "\" is no label to group by");
            }
            if (!sorted.add(name)) {
                throw JobFields.bad(LABELS, "\"" + name + "\" is there twice");
            }
        }
        return Optional.of(List.copyOf(sorted));
    }

    private static SketchOptions options(JobFields fields, JobQuery query) {
        OptionalDouble alpha = fields.number(ALPHA);
        OptionalInt precision = fields.wholeNumber(PRECISION, HyperLogLog.PRECISION_MIN, HyperLogLog.PRECISION_MAX);
        OptionalInt candidates = fields.wholeNumber(CANDIDATES, 1, CANDIDATES_MAX);
        String needed = query instanceof JobQuery.OfSketch sketch
                ? switch (sketch.function()) {
                    case SketchFunction.Quantile quantile -> ALPHA;
                    case SketchFunction.CountDistinct distinct -> PRECISION;
                    case SketchFunction.Top top -> CANDIDATES;
                }
                : "";
        refuse(ALPHA, alpha.isPresent(), needed);
        refuse(PRECISION, precision.isPresent(), needed);
        refuse(CANDIDATES, candidates.isPresent(), needed);
        double share = alpha.orElse(SketchOptions.DEFAULT.relativeAccuracy());
        if (!(share >= ALPHA_MIN && share <= ALPHA_MAX)) {
            throw JobFields.bad(ALPHA, "must be from " + ALPHA_MIN + " to " + ALPHA_MAX);
        }
        return new SketchOptions(
                share, precision.orElse(SketchOptions.DEFAULT.precision()), candidates(candidates, query));
    }

    private static int candidates(OptionalInt sent, JobQuery query) {
        if (!(query instanceof JobQuery.OfSketch sketch) || !(sketch.function() instanceof SketchFunction.Top top)) {
            return SketchOptions.DEFAULT.candidatesMax();
        }
        if (sent.isPresent() && sent.getAsInt() < top.count()) {
            throw JobFields.bad(CANDIDATES, "must be at least the " + top.count() + " items that the query asks for");
        }
        int enough = (int) Math.min(CANDIDATES_MAX, (long) CANDIDATES_PER_ITEM * top.count());
        return sent.orElse(Math.max(SketchOptions.DEFAULT.candidatesMax(), enough));
    }

    /** A source of sketches makes them itself, and is told what to answer, not how. */
    private static void refuseParametersOfOthers(JobFields fields, SourceAddress source) {
        switch (source) {
            case SourceAddress.Lake lake -> {}
            case SourceAddress.Prometheus prometheus -> {}
            case SourceAddress.Sketches sketches -> {
                for (String name : List.of(ALPHA, PRECISION, CANDIDATES)) {
                    if (fields.isThere(name)) {
                        throw JobFields.bad(
                                name,
                                "has no effect on sketches of another process, which have the parameters of their"
                                        + " maker; set it there, or take lake:// or an http:// address as the source");
                    }
                }
            }
        }
    }

    private static void refuse(String name, boolean isThere, String needed) {
        if (isThere && !name.equals(needed)) {
            throw JobFields.bad(
                    name,
                    "has no effect on this query; " + ALPHA + " is for quantile_over_time, " + PRECISION
                            + " for count_distinct_over_time, " + CANDIDATES + " for top_k_over_time");
        }
    }
}
