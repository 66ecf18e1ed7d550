package io.weir.cli.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.cli.query.TestingServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    private static final String ANSWER = "{\"success\":true,\"statusCode\":200,"
            + "\"columns\":[{\"name\":\"catalog_id\",\"type\":\"text\"},{\"name\":\"jobs\",\"type\":\"bigint\"},"
            + "{\"name\":\"rate\",\"type\":\"double\"}],"
            + "\"data\":[{\"catalog_id\":\"orders\",\"jobs\":12,\"rate\":0.75049},"
            + "{\"catalog_id\":\"a\\tb\\u001b[31m\",\"jobs\":3,\"rate\":null}],\"truncated\":true}";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private Statistics statistics(URI base, String token) {
        return new Statistics(base, token, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    @Test
    void aNamedQueryIsATable() throws Exception {
        try (TestingServer server = TestingServer.answering(200, ANSWER)) {
            Map<String, String> parameters = new LinkedHashMap<>();
            parameters.put("window_days", "7");
            parameters.put("tenant", "T1");
            assertThat(statistics(server.base(), "secret").run("public.cps.za.runs", "by catalog/x", parameters, false))
                    .isEqualTo(2);
            assertThat(printed()).isEqualTo("""
                catalog_id  jobs  rate
                orders        12  0.75
                a b [31m       3     -
                # there are more rows than the query returns; narrow it by its parameters
                """);
            TestingServer.Request request = server.request();
            assertThat(request.path()).isEqualTo("/stats/public.cps.za.runs/query/by%20catalog%2Fx");
            assertThat(request.authorization()).isEqualTo("Bearer secret");
            assertThat(request.body()).isEqualTo("{\"window_days\":7,\"tenant\":\"T1\"}");
        }
    }

    @Test
    void theQueriesOfATopicAreListed() throws Exception {
        String answer = "{\"queries\":[{\"name\":\"slowest_queries\",\"description\":\"What took longest\","
                + "\"params\":[{\"name\":\"window_days\",\"type\":\"integer\"}]}]}";
        try (TestingServer server = TestingServer.answering(200, answer)) {
            statistics(server.base(), "").list("promql.query.runs", false);
            assertThat(printed())
                    .isEqualTo("slowest_queries\n    What took longest\n    parameters: window_days (integer)\n");
            assertThat(server.request().authorization()).isEqualTo("null");
        }
    }

    @Test
    void aRefusalIsShownWithItsReason() throws Exception {
        String answer = "{\"success\":false,\"statusCode\":403,"
                + "\"errors\":[{\"type\":\"auth\",\"message\":\"User 'c' is not authorized.\"}]}";
        try (TestingServer server = TestingServer.answering(403, answer)) {
            assertThatThrownBy(() -> statistics(server.base(), "t").run("x", "y", Map.of(), false))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the server answered 403: User 'c' is not authorized.");
        }
    }

    @Test
    void aServerThatIsNotThereIsNamed() {
        assertThatThrownBy(
                        () -> statistics(URI.create("http://127.0.0.1:1"), "").list("x", false))
                .hasMessageStartingWith("cannot reach http://127.0.0.1:1;");
    }
}
