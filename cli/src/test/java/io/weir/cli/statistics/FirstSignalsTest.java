package io.weir.cli.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.cli.query.TestingServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class FirstSignalsTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private int follow(TestingServer server) throws Exception {
        return new FirstSignals(server.base(), "team", new PrintStream(bytes, true, StandardCharsets.UTF_8))
                .follow("jobs", "7d1c1f56-8f0b-4b60-9a53-2f3c0d2f4a11");
    }

    @Test
    void eachSignalIsALine() throws Exception {
        String stream = """
            : ping

            id: W/"1"
            event: first_signal
            data: {"signal":{"kind":0,"phase":6,"summary":"Queued","etaSeconds":3}}

            event: other
            data: {"signal":{"kind":1,"phase":6,"summary":"not for us"}}

            id: W/"2"
            event: first_signal
            data: {"signal":{"kind":4,"phase":3,"summary":"Too many samples","etaSeconds":null,                "nextActions":[{"label":"Raise the limit","href":"/docs"}]}}

            """;
        try (TestingServer server = TestingServer.answering(200, stream)) {
            assertThat(follow(server)).isEqualTo(2);
            assertThat(bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n"))
                    .isEqualTo("""
                        queued      unknown  Queued  (about 3 s left)
                        failed      analyze  Too many samples
                                    -> Raise the limit  /docs
                        """);
            TestingServer.Request request = server.request();
            assertThat(request.path()).isEqualTo("/api/v1/stream/jobs/7d1c1f56-8f0b-4b60-9a53-2f3c0d2f4a11");
            assertThat(request.tenant()).isEqualTo("team");
        }
    }

    @Test
    void aRefusalIsShownWithItsReason() throws Exception {
        try (TestingServer server = TestingServer.answering(404, "{\"status\":\"error\",\"error\":\"no such job\"}")) {
            assertThatThrownBy(() -> follow(server)).hasMessage("the server answered 404: no such job");
        }
    }
}
