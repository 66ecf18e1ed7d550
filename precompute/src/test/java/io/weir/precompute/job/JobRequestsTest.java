package io.weir.precompute.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.precompute.source.SourceAddress;
import io.weir.promql.error.QueryException;
import io.weir.promql.parser.Feature;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests for jobs: what is taken, and which field is blamed for what is not. */
class JobRequestsTest {
    static final ObjectMapper MAPPER = new ObjectMapper();
    private static final long NOW = Instant.parse("2026-11-21T00:00:00Z").toEpochMilli();
    private static final List<String> FIELDS = List.of("query", "granularity", "source", "sketch_type", "store_path");

    private final JobRequests requests = new JobRequests(JobLimits.DEFAULT, Feature.NONE, JobRequestsTest::address);

    /** All sources are allowed here. */
    static SourceAddress address(String text) {
        if (text.equals("lake://")) {
            return new SourceAddress.Lake(text);
        }
        if (text.startsWith("http://")) {
            return new SourceAddress.Prometheus(text, URI.create(text));
        }
        if (text.startsWith("file:")) {
            throw new QueryException.BadData("field \"source\": not allowed");
        }
        return new SourceAddress.Sketches(text, text.split(":", 2)[0], 4317);
    }

    /** The issue's own. */
    static ObjectNode body() {
        return MAPPER.createObjectNode()
                .put("query", "quantile_over_time(0.99, latency{service=\"web\"}[5m])")
                .put("granularity", "1m")
                .put("source", "backend-collector:4317")
                .put("sketch_type", "ddsketch")
                .put("store_path", "precomputed/latency/p99/5m");
    }

    private JobRequests.Request read(JsonNode body) {
        return read(requests, body);
    }

    private static JobRequests.Request read(JobRequests requests, JsonNode body) {
        return requests.read("default", body, NOW);
    }

    private JobSpec spec(String field, String value) {
        return read(body().put(field, value)).spec();
    }

    private void refused(JsonNode body, String field, String... why) {
        refused(requests, body, field, why);
    }

    private static void refused(JobRequests requests, JsonNode body, String field, String... why) {
        assertThatThrownBy(() -> read(requests, body))
                .as(body.toString())
                .isInstanceOf(QueryException.BadData.class)
                .hasMessageContaining("\"" + field + "\"")
                .satisfies(thrown -> {
                    for (String part : why) {
                        assertThat(thrown).hasMessageContaining(part);
                    }
                });
    }

    @Test
    void theSeedsBodyIsAJob() {
        JobRequests.Request request = read(body());
        JobSpec spec = request.spec();
        assertThat(request.warnings()).isEmpty();
        assertThat(spec.query()).isInstanceOfSatisfying(JobQuery.OfSketch.class, query -> {
            assertThat(query.function()).isEqualTo(new SketchFunction.Quantile(0.99));
            assertThat(query.windowMillis()).isEqualTo(300_000);
            assertThat(query.selector().name()).isEqualTo("latency");
        });
        assertThat(spec.granularityMillis()).isEqualTo(60_000);
        assertThat(spec.source().text()).isEqualTo("backend-collector:4317");
        assertThat(spec.validUntilMillis()).isEmpty();
        assertThat(spec.labels()).isEmpty();
        assertThat(spec.options()).isEqualTo(SketchOptions.DEFAULT);
        assertThat(spec("granularity", "60s").granularityMillis()).isEqualTo(60_000);
        assertThat(spec("granularity", "1h30m").granularityMillis()).isEqualTo(5_400_000);
    }

    static Stream<JsonNode> noObjects() throws JsonProcessingException {
        return Stream.of(
                MAPPER.readTree("[]"), MAPPER.readTree("\"x\""), MAPPER.readTree("3"), MAPPER.readTree("null"));
    }

    @ParameterizedTest
    @MethodSource("noObjects")
    void anythingButAnObjectIsRefused(JsonNode body) {
        assertThatThrownBy(() -> read(body))
                .isInstanceOf(QueryException.BadData.class)
                .hasMessageContaining("JSON object");
    }

    /** D1, row 6: 20 cases. */
    @Test
    void eachFieldMustBeATextThatSaysSomething() {
        for (String field : FIELDS) {
            ObjectNode without = body();
            without.remove(field);
            refused(without, field, "is missing");
            ObjectNode empty = body();
            empty.putNull(field);
            refused(empty, field, "is missing");
            refused(body().put(field, ""), field, "is empty");
            refused(body().put(field, "  "), field, "is empty");
            refused(body().put(field, 7), field, "must be a string, but is a number");
            refused(body().set(field, MAPPER.createArrayNode()), field, "must be a string, but is an array");
            refused(body().put(field, "a\0b"), field, "NUL");
            refused(body().put(field, "a\uD800b"), field, "surrogate");
        }
    }

    /** D1, row 8. */
    @Test
    void aQueryThatIsNoneIsRefusedWithItsPlace() {
        refused(body().put("query", "quantile_over_time(0.99, latency[5m]"), "query", "parse error", "1:");
        refused(body().put("query", "rate(x)"), "query", "range vector");
        refused(body().put("query", "vector(1)").put("source", "lake://"), "query", "no selector");
        refused(body().put("query", "latency[5m]").put("source", "lake://"), "query", "a range vector");
        refused(body().put("query", "scalar(latency)").put("source", "lake://"), "query", "a scalar");
        refused(body().put("query", "no_function_of_ours(latency[5m])"), "query", "unknown function");
        refused(
                body().put("query", "x".repeat(JobLimits.DEFAULT.queryCharactersMax() + 1)),
                "query",
                "precompute-jobs-query-characters-max");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "latency @ 1000",
                "latency @ start()",
                "latency @ end()",
                "sum_over_time(latency[5m:1m] @ 3)",
                "latency offset -5m",
                "sum_over_time(latency[5m] offset -1s)"
            })
    void whatMeansSomethingElseAtATickIsRefused(String query) {
        refused(body().put("query", query).put("source", "lake://"), "query");
    }

    /** A range query would get what they were for a tick. */
    @ParameterizedTest
    @ValueSource(strings = {"latency * step()", "latency * range()", "latency > start()", "latency + (end() - 1)"})
    void whatAsksForTheGridOfAQueryIsRefused(String query) {
        JobRequests experimental = new JobRequests(JobLimits.DEFAULT, Feature.ALL, JobRequestsTest::address);
        refused(experimental, body().put("query", query).put("source", "lake://"), "query", "grid");
    }

    /** D1, row 9. */
    @ParameterizedTest
    @ValueSource(strings = {"1.5", "-0.1", "NaN", "+Inf"})
    void aQuantileLiesBetweenZeroAndOne(String quantile) {
        refused(body().put("query", "quantile_over_time(" + quantile + ", latency[5m])"), "query", "from 0 to 1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1.5", "-3", "0.99", "NaN", "1001"})
    void aCountOfItemsIsAWholeNumber(String count) {
        refused(body().put("query", "top_k_over_time(" + count + ", latency[5m])"), "query", "whole number");
    }

    @Test
    void theBoundsOfQuantilesAreQuantiles() {
        assertThat(((JobQuery.OfSketch) spec("query", "quantile_over_time(0, latency[5m])")
                                .query())
                        .function())
                .isEqualTo(new SketchFunction.Quantile(0));
        assertThat(((JobQuery.OfSketch) spec("query", "quantile_over_time((1), latency[5m])")
                                .query())
                        .function())
                .isEqualTo(new SketchFunction.Quantile(1));
    }

    /** D1, row 10. */
    @ParameterizedTest
    @ValueSource(
            strings = {"0s", "-1m", "abc", "1", "100ms", "9999d", "1d1s", "1m 30s", "99999999999999999999s", "1.5m"})
    void aGranularityIsADurationFromASecondToADay(String text) {
        refused(body().put("granularity", text), "granularity");
    }

    /** D1, row 11. */
    @Test
    void theFunctionSaysWhichSketchItNeeds() {
        refused(body().put("sketch_type", "tdigest"), "sketch_type", "ddsketch");
        refused(body().put("sketch_type", "kll"), "sketch_type");
        refused(body().put("sketch_type", "hll"), "sketch_type", "quantile_over_time");
        refused(body().put("sketch_type", "exact"), "sketch_type");
        JobRequests.Request distinct = read(body().put("query", "count_distinct_over_time(latency[5m])"));
        assertThat(((JobQuery.OfSketch) distinct.spec().query()).function())
                .isEqualTo(new SketchFunction.CountDistinct());
        assertThat(distinct.warnings()).singleElement().asString().contains("ignored");
        assertThat(read(body().put("query", "count_distinct_over_time(latency[5m])")
                                .put("sketch_type", "hll"))
                        .warnings())
                .isEmpty();
        for (String type : List.of("countmin", "countsketch", "cms", "CountMin")) {
            assertThat(read(body().put("query", "top_k_over_time(10, latency[5m])")
                                    .put("sketch_type", type))
                            .warnings())
                    .isEmpty();
        }
    }

    @Test
    void theControllersNeedlessQuantileIsIgnored() {
        JobRequests.Request request =
                read(body().put("query", "count_distinct_over_time(0.99, latency{service='web'}[5m])"));
        assertThat(request.spec().query().canonical())
                .isEqualTo(spec("query", "count_distinct_over_time( latency{service=\"web\"}[5m] )")
                        .query()
                        .canonical());
        assertThat(request.warnings()).anyMatch(warning -> warning.contains("takes no number"));
        assertThat(request.spec().query().text()).contains("0.99");
    }

    /** Sources evaluate the text of these as it was sent, and it does not parse. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "count_distinct_over_time(0.99, latency[5m]) > 5",
                "count_distinct_over_time(0.99, latency[5m]) + on() latency",
                "count_distinct_over_time(0.99, latency[5m:1m])",
                "count_distinct_over_time(0.99, latency[5m] offset 1m)"
            })
    void theNeedlessQuantileIsRefusedWhereItWouldBeEvaluated(String query) {
        refused(body().put("query", query).put("source", "lake://"), "query", "takes none", "leave it out");
        String without = query.replace("0.99, ", "");
        assertThat(read(body().put("query", without).put("source", "lake://"))
                        .spec()
                        .query()
                        .text())
                .isEqualTo(without);
    }

    @Test
    void sourcesOfSketchesAnswerThreeFunctionsOnly() {
        refused(body().put("query", "topk(10, count_over_time(latency[5m]))"), "query", "lake://", "http://");
        refused(body().put("query", "quantile_over_time(0.99, latency[5m] offset 1m)"), "query", "lake://");
        refused(body().put("query", "quantile_over_time(0.99, latency[5m:1m])"), "query", "lake://");
        refused(body().put("query", "quantile_over_time(0.5, {service=\"web\"}[5m])"), "query", "name");
        ObjectNode lake = body().put("source", "lake://");
        assertThat(read(lake.put("query", "topk(10, count_over_time(latency[5m]))"))
                        .spec()
                        .query())
                .isInstanceOfSatisfying(
                        JobQuery.OfExpression.class,
                        query -> assertThat(query.windowMillis()).isEqualTo(300_000));
        assertThat(read(lake.put("query", "latency offset 1h")).spec().query().windowMillis())
                .isEqualTo(3_900_000);
        assertThat(read(lake.put("query", "max_over_time(rate(latency[5m] offset 1m)[1h:30s] offset 2m)"))
                        .spec()
                        .query()
                        .windowMillis())
                .isEqualTo(300_000 + 60_000 + 3_600_000 + 120_000);
        refused(lake.put("query", "rate(latency[9999d])"), "query", "precompute-jobs-window-millis-max");
    }

    /** D1, row 13. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "../x", "/abs", "a//b", "a/", "a/../b", "./a", "a/.", "a\u0000", "a\nb", "a\\b", "a;b", "a%2e", "a?b",
                "a#b", " "
            })
    void aStorePathIsRelativeAndPlain(String path) {
        refused(body().put("store_path", path), "store_path");
    }

    @Test
    void aStorePathHasUpTo512Characters() {
        assertThat(spec("store_path", "a".repeat(512)).storePath()).hasSize(512);
        refused(body().put("store_path", "a".repeat(513)), "store_path", "512");
        assertThat(StorePaths.suffixed("a".repeat(512), "0123456789"))
                .hasSize(512)
                .endsWith("-01234567");
    }

    /** D1, row 14. */
    @Test
    void theEndIsATimeToCome() {
        assertThat(spec("valid_until", "2026-11-21T02:00:00+01:00").validUntilMillis())
                .isEqualTo(OptionalLong.of(NOW + 3_600_000));
        refused(body().put("valid_until", "2026-11-20T23:59:59Z"), "valid_until", "past");
        refused(body().put("valid_until", "2026-11-21T00:00:00Z"), "valid_until", "past");
        refused(body().put("valid_until", "tomorrow"), "valid_until", "RFC 3339");
        refused(body().put("valid_until", 1_800_000_000), "valid_until", "string");
        refused(body().put("valid_until", "+999999999-01-01T00:00:00Z"), "valid_until");
    }

    @Test
    void labelsAreNamesOnceEach() throws JsonProcessingException {
        assertThat(read(body().set("labels", MAPPER.readTree("[\"b\",\"a\"]")))
                        .spec()
                        .labels())
                .isEqualTo(Optional.of(List.of("a", "b")));
        assertThat(read(body().set("labels", MAPPER.readTree("[]"))).spec().labels())
                .isEqualTo(Optional.of(List.of()));
        for (String bad : List.of("\"a\"", "[1]", "[\"\"]", "[\"a-b\"]", "[\"a\",\"a\"]", "[\"__name__\"]", "{}")) {
            refused(body().set("labels", MAPPER.readTree(bad)), "labels");
        }
        refused(
                body().put("source", "lake://").put("query", "sum(latency)").set("labels", MAPPER.readTree("[\"a\"]")),
                "labels",
                "by (");
    }

    @ParameterizedTest
    @CsvSource({"alpha,0", "alpha,1", "alpha,-0.1", "precision,14", "k_max,100"})
    void parametersMustFitTheFunction(String field, double value) {
        refused(lakeBody().put(field, value), field);
    }

    private static ObjectNode lakeBody() {
        return body().put("source", "lake://");
    }

    @Test
    void parametersHaveNoEffectOnSketchesOfOthers() throws JsonProcessingException {
        refused(body().put("alpha", 0.005), "alpha", "maker");
        refused(body().put("query", "count_distinct_over_time(latency[5m])").put("precision", 12), "precision");
        refused(body().put("query", "top_k_over_time(5, latency[5m])").put("k_max", 600), "k_max");
        assertThat(read(body().putNull("alpha")).spec().options()).isEqualTo(SketchOptions.DEFAULT);
        assertThat(read(body().put("source", "http://prometheus:9090").put("alpha", 0.005))
                        .spec()
                        .options()
                        .relativeAccuracy())
                .isEqualTo(0.005);
        // What the registry keeps of a job over such a source has them, and can be read again.
        JobSpec spec = read(body()).spec();
        JsonNode stored = MAPPER.readTree(JobRequests.stored(spec).toString());
        assertThat(requests.restore("default", stored, spec.storePath())).isEqualTo(spec);
    }

    @Test
    void parametersOfSketchesAreTaken() {
        assertThat(read(lakeBody().put("alpha", 0.005)).spec().options().relativeAccuracy())
                .isEqualTo(0.005);
        ObjectNode distinct = lakeBody().put("query", "count_distinct_over_time(latency[5m])");
        assertThat(read(distinct.put("precision", 12)).spec().options().precision())
                .isEqualTo(12);
        refused(distinct.put("precision", 12.5), "precision", "whole");
        refused(distinct.put("precision", 19), "precision", "18");
        ObjectNode top = lakeBody().put("query", "top_k_over_time(500, latency[5m])");
        assertThat(read(top).spec().options().candidatesMax()).isEqualTo(2_000);
        assertThat(read(top.put("k_max", 600)).spec().options().candidatesMax()).isEqualTo(600);
        refused(top.put("k_max", 499), "k_max", "500");
    }

    @Test
    void unknownFieldsAreSaidToBeIgnored() {
        assertThat(read(body().put("valid_untill", "2027-01-01T00:00:00Z")).warnings())
                .singleElement()
                .asString()
                .contains("valid_untill");
    }

    @Test
    void whatAsksForTheSameHasTheSameHash() {
        String hash = JobSpecHash.of(read(body()).spec());
        assertThat(JobSpecHash.of(spec("query", " quantile_over_time( 0.99,latency{ service='web' }[300s] )")))
                .isEqualTo(hash);
        assertThat(JobSpecHash.of(spec("granularity", "60s"))).isEqualTo(hash);
        assertThat(Stream.of(
                                spec("query", "quantile_over_time(0.9, latency{service=\"web\"}[5m])"),
                                spec("query", "quantile_over_time(0.99, latency{service=\"api\"}[5m])"),
                                spec("granularity", "30s"),
                                spec("source", "other:4317"),
                                spec("store_path", "other"),
                                spec("valid_until", "2027-01-01T00:00:00Z"),
                                read(lakeBody()).spec(),
                                read(lakeBody().put("alpha", 0.02)).spec(),
                                requests.read("other", body(), NOW).spec())
                        .map(JobSpecHash::of))
                .doesNotContain(hash)
                .doesNotHaveDuplicates();
    }

    @Test
    void whatIsStoredIsReadAgain() throws JsonProcessingException {
        for (String query : List.of(
                "quantile_over_time(0.99, latency[5m])",
                "count_distinct_over_time(0.99, latency[5m])",
                "top_k_over_time(7, latency[5m])",
                "max(latency)")) {
            ObjectNode body =
                    body().put("query", query).put("source", "lake://").put("valid_until", "2027-01-01T00:00:00Z");
            JobSpec spec = read(body).spec();
            JsonNode stored = MAPPER.readTree(JobRequests.stored(spec).toString());
            // Its time may be over, and its path another one.
            JobSpec again = requests.restore("default", stored, "elsewhere");
            assertThat(again).isEqualTo(JobRequests.withStorePath(spec, "elsewhere"));
        }
    }

    @ParameterizedTest
    @CsvSource({"1m30s,90000", "1d,86400000", "500ms,500", "0s,0", "1h,3600000", "1s1ms,1001"})
    void durationsAreWrittenAsTheyAreRead(String text, long millis) {
        assertThat(Durations.text(millis)).isEqualTo(text);
        assertThat(Durations.parse(text)).isEqualTo(millis);
    }

    @Test
    void limitsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> new JobLimits(65_536, 1, 1, 1, 1, 1, 1, "overwrite"))
                .hasMessageContaining("store-path-conflict");
        assertThatThrownBy(() -> new JobLimits(65_536, 1, 2, 1, 1, 1, 1, "reject"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(new JobLimits(65_536, 1, 1, 1, 1, 1, 1, "SUFFIX").suffixesStorePaths())
                .isTrue();
    }
}
