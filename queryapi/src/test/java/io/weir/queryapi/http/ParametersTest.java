package io.weir.queryapi.http;

import static io.weir.queryapi.testkit.TestingApi.encode;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every parameter of every endpoint of Prometheus' API: what is accepted, what is refused, with which status, type and words. */
@TestInstance(Lifecycle.PER_CLASS)
final class ParametersTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TestingApi api;

    @BeforeAll
    void start(@TempDir Path folder) {
        TestingLake lake = new TestingLake(3_600_000)
                .add(Labels.of("__name__", "up", "job", "a"), 0, 10_000, 1, 1, 1, 1, 1, 1, 1)
                .add(Labels.of("__name__", "up", "job", "<b>"), 0, 10_000, 1, 1, 1, 1, 1, 1, 1);
        api = new TestingApi(lake, folder, TestingApi.settings());
    }

    @AfterAll
    void stop() {
        api.close();
    }

    private static String escaped(String path) {
        return path.replace("[", "%5B")
                .replace("]", "%5D")
                .replace("{", "%7B")
                .replace("}", "%7D")
                .replace("\"", "%22")
                .replace(" ", "%20")
                .replace(">", "%3E");
    }

    private static void assertError(HttpResponse<String> response, int status, String type, String message)
            throws Exception {
        JsonNode root = JSON.readTree(response.body());
        assertThat(root.path("error").asText()).isEqualTo(message);
        assertThat(root.path("errorType").asText()).isEqualTo(type);
        assertThat(root.path("status").asText()).isEqualTo("error");
        assertThat(root.properties()).hasSize(3);
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
    }

    /** Path after /api/v1/ and message; each is asked by GET, and by POST form where Prometheus has both. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "query?query=up&limit=x&time=y|invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid"
                        + " syntax",
                "query?query=up&limit=99999999999999999999|invalid parameter \"limit\": strconv.Atoi: parsing"
                        + " \"99999999999999999999\": value out of range",
                "query?query=up&limit=1.5|invalid parameter \"limit\": strconv.Atoi: parsing \"1.5\": invalid syntax",
                "query?query=up&limit=-1|invalid parameter \"limit\": limit must be non-negative",
                "query?query=up&time=x&timeout=y|invalid parameter \"time\": invalid time value for 'time': cannot"
                        + " parse \"x\" to a valid timestamp",
                "query?query=up&timeout=y&lookback_delta=z|invalid parameter \"timeout\": cannot parse \"y\" to a valid"
                        + " duration",
                "query?query=up&timeout=1e300|invalid parameter \"timeout\": cannot parse \"1e300\" to a valid"
                        + " duration. It overflows int64",
                "query?query=(&lookback_delta=z|error parsing lookback delta duration: cannot parse \"z\" to a valid"
                        + " duration",
                "query?query=|invalid parameter \"query\": unknown position: parse error: no expression found in input",
                "query|invalid parameter \"query\": unknown position: parse error: no expression found in input",
                "query?query=1%2B|invalid parameter \"query\": 1:3: parse error: unexpected end of input",
                "query_range?query=up&limit=-5&start=x|invalid parameter \"limit\": limit must be non-negative",
                "query_range?query=up&start=&end=1&step=1|invalid parameter \"start\": cannot parse \"\" to a valid"
                        + " timestamp",
                "query_range?query=up&start=NaN&end=1&step=1|invalid parameter \"start\": cannot parse \"NaN\" to a"
                        + " valid timestamp",
                "query_range?query=up&start=0&end=now&step=1|invalid parameter \"end\": cannot parse \"now\" to a valid"
                        + " timestamp",
                "query_range?query=up&start=2&end=1.9&step=x|invalid parameter \"end\": end timestamp must not be"
                        + " before start time",
                "query_range?query=up&start=0&end=1|invalid parameter \"step\": cannot parse \"\" to a valid duration",
                "query_range?query=up&start=0&end=1&step=0s|invalid parameter \"step\": zero or negative query"
                        + " resolution step widths are not accepted. Try a positive integer",
                "query_range?query=up&start=0&end=1&step=NaN|invalid parameter \"step\": zero or negative query"
                        + " resolution step widths are not accepted. Try a positive integer",
                "query_range?query=up&start=0&end=1&step=0.0001|invalid parameter \"step\": steps of less than a"
                        + " millisecond are not accepted",
                "query_range?query=up&start=0&end=11001&step=1|exceeded maximum resolution of 11,000 points per"
                        + " timeseries. Try decreasing the query resolution (?step=XX)",
                "query_range?query=up&start=-292273086-05-16T16:47:06Z&end=292277025-08-18T07:12:54.999999999Z&step=1y"
                        + "|exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query"
                        + " resolution (?step=XX)",
                "query_range?query=up&start=0&end=1&step=1&timeout=-x|invalid parameter \"timeout\": cannot parse"
                        + " \"-x\" to a valid duration",
                "query_range?query=\"a\"&start=0&end=1&step=1|invalid parameter \"query\": invalid expression type"
                        + " \"string\" for range query, must be Scalar or instant Vector",
                "labels?limit=-1&start=x|invalid parameter \"limit\": limit must be non-negative",
                "labels?start=x&end=y|invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\""
                        + " to a valid timestamp",
                "labels?end=y&match[]={}|invalid parameter \"end\": invalid time value for 'end': cannot parse \"y\""
                        + " to a valid timestamp",
                "labels?match[]={}|match[] must contain at least one non-empty matcher",
                "labels?match[]=up&match[]={a=\"\"}|match[] must contain at least one non-empty matcher",
                "series|no match[] parameter provided",
                "series?match[]=up&limit=z|invalid parameter \"limit\": strconv.Atoi: parsing \"z\": invalid syntax",
                "series?match[]={a!=\"x\"}|invalid parameter \"match[]\": match[] must contain at least one non-empty"
                        + " matcher",
                "query_exemplars?query=up&start=2&end=1|end timestamp must not be before start timestamp",
                "query_exemplars?query=up&start=x|invalid parameter \"start\": invalid time value for 'start': cannot"
                        + " parse \"x\" to a valid timestamp",
                "query_exemplars?query=1%2B|1:3: parse error: unexpected end of input",
                "format_query?query=1%2B|invalid parameter \"query\": 1:3: parse error: unexpected end of input",
                "parse_query?query=1%2B|invalid parameter \"query\": 1:3: parse error: unexpected end of input",
                "format_query|invalid parameter \"query\": unknown position: parse error: no expression found in input",
            })
    void badParametersByGetAndByPost(String path, String message) throws Exception {
        assertError(api.get("/api/v1/" + escaped(path)), 400, "bad_data", message);
        String[] parts = escaped(path).split("\\?", 2);
        assertError(api.postForm("/api/v1/" + parts[0], parts.length == 1 ? "" : parts[1]), 400, "bad_data", message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "label/U__/values|invalid label name: \"\"",
                "label/job/values?limit=-1|invalid parameter \"limit\": limit must be non-negative",
                "label/job/values?match[]={}|match[] must contain at least one non-empty matcher",
                "metadata?limit=x|limit must be a number",
                "metadata?limit=5&limit_per_metric=y|limit_per_metric must be a number",
                "targets/metadata?limit=x|limit must be a number",
                "targets/metadata?match_target={}x|invalid parameter \"match_target\": 1:3: parse error: unexpected"
                        + " identifier \"x\"",
                "rules?type=other|invalid parameter \"type\": not supported value \"other\"",
                "rules?exclude_alerts=maybe|invalid parameter \"exclude_alerts\": error converting exclude_alerts:"
                        + " strconv.ParseBool: parsing \"maybe\": invalid syntax",
                "rules?group_next_token=a|invalid parameter \"group_next_token\": group_limit needs to be present in"
                        + " order to paginate over the groups",
                "rules?group_limit=x|invalid parameter \"group_limit\": group_limit needs to be a valid number:"
                        + " strconv.ParseInt: parsing \"x\": invalid syntax",
                "rules?group_limit=3000000000|invalid parameter \"group_limit\": group_limit needs to be a valid"
                        + " number: strconv.ParseInt: parsing \"3000000000\": value out of range",
                "rules?group_limit=0|invalid parameter \"group_limit\": group_limit needs to be greater than 0",
                "rules?group_limit=1&group_next_token=a|invalid parameter \"group_next_token\": invalid"
                        + " group_next_token 'a'. were rule groups changed?",
                "rules?match[]={}|match[] must contain at least one non-empty matcher",
            })
    void badParametersOfWhatHasGetOnly(String path, String message) throws Exception {
        assertError(api.get("/api/v1/" + escaped(path)), 400, "bad_data", message);
        String name = path.split("\\?", 2)[0];
        HttpResponse<String> posted = api.postForm("/api/v1/" + name, "");
        assertThat(posted.statusCode()).as("POST %s", name).isEqualTo(405);
        assertThat(posted.headers().firstValue("Content-Type")).contains("application/json");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "rules|{\"groups\":[]}",
                "rules?type=ALERT&exclude_alerts=T&group_limit=5|{\"groups\":[]}",
                "rules?rule_name[]=x&rule_group[]=y&file[]=z&match[]={a=\"b\"}|{\"groups\":[]}",
                "alerts|{\"alerts\":[]}",
                "targets|{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":{}}",
                "targets?state=dropped&scrapePool=x|{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":{}}",
                "targets?state=Active|{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":null}",
                "targets/metadata?limit=5&match_target={a=\"b\"}&metric=x|[]",
                "scrape_pools|{\"scrapePools\":[]}",
                "alertmanagers|{\"activeAlertmanagers\":[],\"droppedAlertmanagers\":[]}",
                "metadata?limit=-3&limit_per_metric=-1&metric=x|{}",
                "query_exemplars?query=test|[]",
                "query_exemplars?query=up&start=0&end=5|[]",
                "labels?start=5&end=1|[]",
                "labels?limit=0|[\"__name__\",\"job\"]",
                "labels?limit=3000000000|[\"__name__\",\"job\"]",
                "label/job/values|[\"\\u003cb\\u003e\",\"a\"]",
                "series?match[]=up{job!=\"a\"}|[{\"__name__\":\"up\",\"job\":\"<b>\"}]",
                "series?match[]=up&start=9&end=8|[]",
                "format_query?query=up{job>|-",
            })
    void goodParameters(String path, String data) throws Exception {
        HttpResponse<String> response = api.get("/api/v1/" + escaped(path));
        if (data.equals("-")) {
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.body()).contains("\\u003e").doesNotContain(">");
            return;
        }
        assertThat(response.body()).isEqualTo("{\"status\":\"success\",\"data\":" + data + "}");
        assertThat(response.statusCode()).isEqualTo(200);
    }

    @Test
    void exemplarsOfAQueryWithoutSelectorsHaveNoContent() throws Exception {
        HttpResponse<String> response = api.get("/api/v1/query_exemplars?query=1");
        assertThat(response.statusCode()).isEqualTo(204);
        assertThat(response.body()).isEmpty();
    }

    @Test
    void scalarsAndStringsAreWrittenByGosStandardLibrary() throws Exception {
        assertThat(api.body("/api/v1/query?query=1e21&time=1.5")).contains("[1.5,\"1000000000000000000000\"]");
        assertThat(api.body("/api/v1/query?query=1e-7&time=2")).contains("[2,\"0.0000001\"]");
        assertThat(api.body("/api/v1/query?query=-Inf&time=-0.001")).contains("[-0.001,\"-Inf\"]");
        assertThat(api.body("/api/v1/query?query=vector(1e21)&time=1.5")).contains("[1.500,\"1e+21\"]");
        assertThat(api.body("/api/v1/query?time=2&query=" + encode("\"<\\b\\f\\xc5>\"")))
                .contains("[2,\"\\u003c\\b\\f\\ufffd\\u003e\"]");
    }

    @Test
    void aStepIsCutToMillisAsInPrometheus() throws Exception {
        assertThat(api.body("/api/v1/query_range?query=time()&start=0&end=3.5&step=1.001"))
                .contains("\"values\":[[0,\"0\"],[1,\"1\"],[2,\"2\"],[3,\"3\"]]");
        // 11,011 s are 11,000 steps of 1.000999999 s.
        assertThat(api.get("/api/v1/query_range?query=time()&start=0&end=11011&step=1.001")
                        .statusCode())
                .isEqualTo(200);
        assertThat(api.get("/api/v1/query_range?query=time()&start=0&end=11013&step=1.001")
                        .statusCode())
                .isEqualTo(400);
    }

    @Test
    void lookbackOfAQuery() throws Exception {
        assertThat(api.body("/api/v1/query?query=up&time=100")).contains("\"1\"");
        assertThat(api.body("/api/v1/query?query=up&time=100&lookback_delta=10"))
                .contains("\"result\":[]");
        assertThat(api.body("/api/v1/query?query=up&time=100&lookback_delta=2m"))
                .contains("\"1\"");
        assertThat(api.body("/api/v1/query?query=up&time=100&lookback_delta=-1"))
                .contains("\"1\"");
    }

    @Test
    void timeoutsAreTheSmallerOfBothAndZeroIsOverAtOnce() throws Exception {
        assertThat(api.get("/api/v1/query?query=up&timeout=9223372036").statusCode())
                .isEqualTo(200);
        for (String timeout : new String[] {"0", "-1", "NaN", "0.0001"}) {
            HttpResponse<String> response = api.get("/api/v1/query?query=up&timeout=" + timeout);
            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(response.body())
                    .startsWith("{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"query timed out in ");
        }
    }

    @Test
    void statisticsHaveTheShapeOfPrometheus() throws Exception {
        String number = "[0-9]+(\\.[0-9]+)?(e-[0-9]+)?";
        String timings = "\"timings\":\\{\"evalTotalTime\":" + number
                + ",\"resultSortTime\":0,\"queryPreparationTime\":"
                + number + ",\"innerEvalTime\":" + number + ",\"execQueueTime\":" + number + ",\"execTotalTime\":"
                + number + "\\}";
        String path = "/api/v1/query_range?query=up&start=0&end=20&step=10&stats=";
        for (String value : List.of("true", "all")) {
            assertThat(api.body(path + value))
                    .containsPattern(
                            "\"stats\":\\{" + timings
                                    + ",\"samples\":\\{\"totalQueryableSamples\":1,\"peakSamples\":[1-9][0-9]*\\},\"workUnits\":1\\}\\}\\}$");
        }
        assertThat(api.body(path)).doesNotContain("stats");
    }

    @Test
    void theFormGoesBeforeTheUrlAndOnlyAFormOfAPostCounts() throws Exception {
        assertThat(api.postForm("/api/v1/query?query=2&time=7", "query=1").body())
                .contains("[7,\"1\"]");
        HttpResponse<String> json = api.postJson("/api/v1/query?query=2&time=7", "{\"query\":\"1\"}");
        assertThat(json.body()).contains("[7,\"2\"]");
        HttpRequest.Builder get = api.request("/api/v1/query?query=2&time=7")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .method("GET", HttpRequest.BodyPublishers.ofString("query=1"));
        assertThat(api.send(get).body()).contains("[7,\"2\"]");
    }

    @Test
    void unknownPathsMethodsAndPreflight() throws Exception {
        assertError(api.get("/api/v1/nothing"), 404, "not_found", "Endpoint GET /api/v1/nothing not found");
        HttpResponse<String> deleted = api.send(api.request("/api/v1/query").DELETE());
        assertThat(deleted.statusCode()).isEqualTo(405);
        for (String path : new String[] {"/api/v1/query", "/api/v1/label/job/values", "/api/v1/rules"}) {
            HttpResponse<String> preflight = api.send(api.request(path)
                    .header("Origin", "http://grafana.example")
                    .method("OPTIONS", HttpRequest.BodyPublishers.noBody()));
            assertThat(preflight.statusCode()).isEqualTo(204);
            assertThat(preflight.headers().firstValue("Access-Control-Allow-Origin"))
                    .contains("*");
            assertThat(preflight.headers().firstValue("Access-Control-Allow-Headers"))
                    .hasValueSatisfying(value ->
                            assertThat(value).contains("Authorization", "bearer", "Content-Type", "X-Tenant-Id"));
        }
    }
}
