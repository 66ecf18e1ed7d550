package io.weir.cli.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.cli.Main;
import io.weir.cli.query.TestingServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PrecomputeJobsTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private PrecomputeJobs jobs(URI base) {
        return new PrecomputeJobs(base, "team", false, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    private static PrecomputeJobs.Wish wish(String storePath, String validUntil, List<String> labels) {
        return new PrecomputeJobs.Wish(
                "quantile_over_time(0.99, latency{a='b'}[5m])",
                "1m",
                "lake://",
                "ddsketch",
                storePath,
                validUntil,
                labels);
    }

    @Test
    void addSendsTheRequestOfTheControllerAndShowsWhatCameOfIt() throws Exception {
        String answer = "{\"job_id\":\"j1\",\"status\":\"created\",\"created_at\":\"2026-03-26T00:00:00Z\","
                + "\"store_path\":\"p/q\",\"warnings\":[\"the scalar is ignored\"]}";
        try (TestingServer server = TestingServer.answering(200, answer)) {
            jobs(server.base()).add(wish("p/q", "2026-12-01T00:00:00Z", List.of("service")));
            assertThat(printed()).isEqualTo("j1  created  p/q\n# the scalar is ignored\n");
            TestingServer.Request request = server.request();
            assertThat(request.path()).isEqualTo("/api/v1/precompute/jobs");
            assertThat(request.tenant()).isEqualTo("team");
            JsonNode body = new ObjectMapper().readTree(request.body());
            assertThat(body.toString())
                    .isEqualTo("{\"query\":\"quantile_over_time(0.99, latency{a='b'}[5m])\",\"granularity\":\"1m\","
                            + "\"source\":\"lake://\",\"sketch_type\":\"ddsketch\",\"store_path\":\"p/q\","
                            + "\"valid_until\":\"2026-12-01T00:00:00Z\",\"labels\":[\"service\"]}");
        }
    }

    @Test
    void aJobWithoutAPathGetsOneThatIsTheSameForTheSameJob() throws Exception {
        try (TestingServer server = TestingServer.answering(200, "{\"job_id\":\"j1\",\"status\":\"created\"}")) {
            jobs(server.base()).add(wish("", "", List.of()));
            jobs(server.base()).add(wish("", "", List.of()));
            jobs(server.base()).add(wish("", "", List.of("service")));
            String first = path(server);
            assertThat(first).matches("cli/[0-9a-f]{12}");
            assertThat(path(server)).isEqualTo(first);
            assertThat(path(server)).isNotEqualTo(first);
            assertThat(printed()).startsWith("j1  created  " + first + "\n");
        }
    }

    private static String path(TestingServer server) throws Exception {
        return new ObjectMapper()
                .readTree(server.request().body())
                .path("store_path")
                .asText();
    }

    @Test
    void listShowsEachJobAndItsLastError() throws Exception {
        String answer = "{\"status\":\"success\",\"count\":1,\"jobs\":[{\"job_id\":\"j1\",\"query\":\"up\","
                + "\"granularity\":\"1m\",\"source\":\"lake://\",\"store_path\":\"p\",\"status\":\"failing\","
                + "\"last_run_at\":null,\"result_age_s\":12.5,\"failures\":3,\"cache_hits\":7,"
                + "\"last_error\":\"no\\nanswer\"}]}";
        try (TestingServer server = TestingServer.answering(200, answer)) {
            jobs(server.base()).list("failing");
            assertThat(server.request().path()).isEqualTo("/api/v1/precompute/jobs");
            assertThat(printed())
                    .isEqualTo("job_id  status   granularity  source   last_run_at  result_age_s  failures  cache_hits "
                            + " store_path  query\n"
                            + "j1      failing  1m           lake://            -          12.5         3         "
                            + "  7  p           up\n"
                            + "# j1: no answer\n");
        }
    }

    @Test
    void noneIsSaid() throws Exception {
        try (TestingServer server =
                TestingServer.answering(200, "{\"status\":\"success\",\"count\":0,\"jobs\":[],\"suggestions\":[]}")) {
            jobs(server.base()).list("");
            jobs(server.base()).suggest("");
            assertThat(printed()).isEqualTo("# none\n# none\n");
        }
    }

    @Test
    void suggestionsComeWithTheCommandThatFollowsThem() throws Exception {
        String answer = "{\"status\":\"success\",\"suggestions\":[{\"query\":\"m{a='b'}\",\"runs\":12,"
                + "\"repetition_seconds\":60,\"exact_p50_ms\":20.5,\"tick_cost_ms\":2,\"granularity\":\"1m\","
                + "\"saved_ms\":99,\"request\":{\"query\":\"m{a='b'}\",\"granularity\":\"1m\",\"source\":\"lake://\","
                + "\"sketch_type\":\"ddsketch\",\"store_path\":\"suggested/x\"}}],"
                + "\"unused_jobs\":[{\"job_id\":\"j9\",\"query\":\"up\"}],\"warnings\":[\"w\"]}";
        try (TestingServer server = TestingServer.answering(200, answer)) {
            jobs(server.base()).suggest("7d");
            assertThat(server.request().path()).isEqualTo("/api/v1/precompute/suggestions");
            assertThat(printed())
                    .isEqualTo("saved_ms  runs  repetition_seconds  exact_p50_ms  tick_cost_ms  granularity  query\n"
                            + "      99    12                  60          20.5             2  1m          "
                            + " m{a='b'}\n"
                            + "weir jobs add 'm{a='\\''b'\\''}' --granularity 1m --source lake:// --sketch-type"
                            + " ddsketch --store-path suggested/x\n"
                            + "# nobody asks for up: weir jobs rm j9\n"
                            + "# w\n");
        }
    }

    @Test
    void aRefusalIsShownWithItsReason() throws Exception {
        try (TestingServer server = TestingServer.answering(
                400, "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"field \\\"query\\\": no\"}")) {
            assertThatThrownBy(() -> jobs(server.base()).add(wish("p", "", List.of())))
                    .hasMessage("the server answered 400: field \"query\": no");
            assertThatThrownBy(() -> jobs(server.base()).remove(List.of("a b", "c")))
                    .hasMessageContaining("400");
            server.request();
            assertThat(server.request().path()).isEqualTo("/api/v1/precompute/jobs/a%20b");
            assertThat(server.request().path()).endsWith("/c");
        }
    }

    @Test
    void aServerThatIsNotThereIsSaid() {
        assertThatThrownBy(() -> jobs(URI.create("http://127.0.0.1:1")).list(""))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("--url names the server");
    }

    @ParameterizedTest
    @ValueSource(strings = {"jobs", "jobs add", "jobs rm", "jobs nonsense", "jobs ls --url ftp://x"})
    void aWrongUseSaysWhatIsMissing(String line) {
        StringWriter err = new StringWriter();
        assertThat(Main.commandLine()
                        .setErr(new PrintWriter(err, true))
                        .setOut(new PrintWriter(new StringWriter(), true))
                        .execute(line.split(" ")))
                .isEqualTo(2);
        assertThat(err.toString()).isNotBlank();
    }
}
