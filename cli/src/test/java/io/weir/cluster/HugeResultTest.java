package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A result beyond a limit is an error that names the limit's setting, on both ways to ask; what is within it is answered as before. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HugeResultTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final TestingLoad LOAD = new TestingLoad(100, 480, 15_000, true);
    private static final String SMALL = "sum by (mode) (cpu_seconds_total{instance=\"host-7\"})";

    private TestingFleet fleet;
    private TestingFleet.Worker worker;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        fleet = TestingFleet.withLocalLake(folder);
        fleet.load(LOAD);
        worker = fleet.worker("worker");
    }

    @AfterAll
    void stop() {
        if (fleet != null) {
            fleet.close();
        }
    }

    /** A query that goes beyond a limit of {@link #TIGHT} and beyond no other. */
    private record Beyond(String setting, int status, String expression, int stepSeconds) {}

    private static final String[] TIGHT = {
        "--query-points-per-series-max", "470",
        "--query-series-max", "200",
        "--query-samples-max", "50000",
        "--query-result-bytes-max", "200000"
    };

    private static final List<Beyond> BEYOND = List.of(
            new Beyond("query-points-per-series-max", 400, "cpu_seconds_total{instance=\"host-7\"}", 10),
            new Beyond("query-series-max", 422, "cpu_seconds_total", 60),
            new Beyond("query-samples-max", 422, "sum(rate(cpu_seconds_total{mode!=\"idle\"}[5m]))", 60),
            new Beyond("query-result-bytes-max", 422, "cpu_seconds_total{mode=\"idle\"}", 16));

    private static final Beyond ARTIFACT = new Beyond("query-artifact-bytes-max", 422, "cpu_seconds_total", 60);

    @Test
    void everyLimitIsNamed() throws Exception {
        TestingFleet.Api roomy = fleet.api("api", List.of(worker.grpcPort()));
        String undisturbed = small(roomy);
        TestingFleet.Api tight = fleet.api("api-tight", List.of(worker.grpcPort()), TIGHT);
        for (Beyond beyond : BEYOND) {
            check(beyond, tight, roomy);
        }
        assertThat(small(tight)).isEqualTo(undisturbed);
        TestingFleet.Api tightArtifacts =
                fleet.api("api-tight-artifacts", List.of(worker.grpcPort()), "--" + ARTIFACT.setting(), "100000");
        check(ARTIFACT, tightArtifacts, roomy);
        assertThat(small(tightArtifacts)).isEqualTo(undisturbed);
    }

    private static void check(Beyond beyond, TestingFleet.Api tight, TestingFleet.Api roomy) throws Exception {
        HttpResponse<String> refused = range(tight, beyond.expression(), beyond.stepSeconds());
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(beyond.status());
        JsonNode error = MAPPER.readTree(refused.body());
        assertThat(error.path("status").asText()).isEqualTo("error");
        assertThat(error.has("data")).isFalse();
        // Too many points are refused in Prometheus' own words.
        assertThat(error.path("error").asText())
                .containsAnyOf(beyond.setting(), "exceeded maximum resolution of 470 points per timeseries");
        if (!beyond.setting().equals("query-result-bytes-max")) {
            // A stream holds no result, and so has no limit of its size.
            assertThat(stream(tight, beyond).body()).contains(beyond.setting()).doesNotContain("\"status\":\"ok\"");
        }
        assertThat(range(roomy, beyond.expression(), beyond.stepSeconds()).statusCode())
                .as("the same query within the limit")
                .isEqualTo(200);
    }

    private static HttpResponse<String> stream(TestingFleet.Api api, Beyond beyond)
            throws IOException, InterruptedException {
        ObjectNode request = MAPPER.createObjectNode()
                .put("q", beyond.expression())
                .put("s", "" + (long) ((LOAD.startSeconds() + 300) * 1_000))
                .put("e", "" + (long) (LOAD.endSeconds() * 1_000))
                .put("step", beyond.stepSeconds() + "s");
        return api.client().post("/api/v1/metrics/query", "application/json", request.toString());
    }

    private static HttpResponse<String> range(TestingFleet.Api api, String expression, int stepSeconds)
            throws IOException, InterruptedException {
        return api.client()
                .get(api.client().rangePath(expression, LOAD.startSeconds() + 300, LOAD.endSeconds(), stepSeconds));
    }

    private static String small(TestingFleet.Api api) throws IOException, InterruptedException {
        HttpResponse<String> response = range(api, SMALL, 120);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }
}
