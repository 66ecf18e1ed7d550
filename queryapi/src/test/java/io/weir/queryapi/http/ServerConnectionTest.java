package io.weir.queryapi.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.javalin.config.JavalinConfig;
import io.javalin.http.ServiceUnavailableResponse;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.queryapi.spi.RouteContributor;
import io.weir.queryapi.testkit.TestingLake;
import io.weir.queryapi.testkit.TestingSockets;
import io.weir.queryapi.testkit.TestingWorkManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients see of connections: when the server stops, and after requests that it refuses before their bodies have come. */
@Timeout(60)
final class ServerConnectionTest {
    private static final ApiSettings SETTINGS = ApiSettings.of("127.0.0.1", 0);

    @TempDir
    private Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Slow slow = new Slow();
    private ApiServer server;

    /** A route that answers after it was told that the server stops, and not at once. */
    private static final class Slow implements RouteContributor {
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch stopping = new CountDownLatch(1);
        private final CountDownLatch mayAnswer = new CountDownLatch(1);
        private volatile boolean failsToStop;

        @Override
        public void contribute(JavalinConfig config) {
            config.routes.get("/slow", context -> {
                begun.countDown();
                mayAnswer.await();
                throw new ServiceUnavailableResponse("ended");
            });
        }

        @Override
        public void stopping() {
            stopping.countDown();
            if (failsToStop) {
                throw new IllegalStateException("a defect of a contributor");
            }
        }
    }

    @BeforeEach
    void start() {
        TestingLake lake = new TestingLake(3_600_000);
        server = ApiServer.start(
                SETTINGS,
                lake,
                new TestingWorkManager(lake, folder, 7),
                new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
                List.of(slow));
    }

    @AfterEach
    void stop() {
        slow.mayAnswer.countDown();
        server.close();
        client.close();
    }

    private CompletableFuture<HttpResponse<String>> askSlow() throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/slow"))
                .build();
        CompletableFuture<HttpResponse<String>> answer = client.sendAsync(request, BodyHandlers.ofString());
        assertThat(slow.begun.await(10, TimeUnit.SECONDS)).isTrue();
        return answer;
    }

    @Test
    void answersUnderWayAreSentBeforeTheServerStops() throws Exception {
        CompletableFuture<HttpResponse<String>> answer = askSlow();
        int port = server.port();
        CompletableFuture<Void> closed = CompletableFuture.runAsync(server::close);
        assertThat(slow.stopping.await(10, TimeUnit.SECONDS)).isTrue();
        // One that comes meanwhile is told to go elsewhere.
        await().untilAsserted(() -> {
            TestingSockets.Answer late = TestingSockets.ask(
                    port, "GET /readyz HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII), 10_000, "late");
            assertThat(late.status()).isEqualTo(503);
            assertThat(late.header("retry-after")).isEqualTo("1");
            assertThat(late.text()).contains("\"errorType\":\"unavailable\"").contains("another one will answer");
        });
        assertThat(closed).isNotDone();
        slow.mayAnswer.countDown();
        assertThat(answer.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(503);
        assertThat(answer.get().body()).contains("ended");
        closed.get(10, TimeUnit.SECONDS);
    }

    @Test
    void anAnswerThatDoesNotComeIsWaitedForAsLongAsTheSettingSays() throws Exception {
        CompletableFuture<HttpResponse<String>> answer = askSlow();
        long startNanos = System.nanoTime();
        server.close();
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos))
                .isBetween(SETTINGS.shutdownMillisMax() - 100, SETTINGS.shutdownMillisMax() + 10_000);
        assertThat(answer.handle((response, cause) -> cause != null).get(10, TimeUnit.SECONDS))
                .isTrue();
    }

    @Test
    void theServerStopsEvenIfAContributorCannot() {
        int port = server.port();
        slow.failsToStop = true;
        assertThatThrownBy(server::close).hasMessage("a defect of a contributor");
        // The thread that sits in accept() holds the closed port until it wakes up.
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThatThrownBy(() -> new Socket("127.0.0.1", port).close())
                        .isInstanceOf(ConnectException.class));
    }

    /** A client sends its next request on a connection unless it was told that the connection ends. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/nope",
                "/api/v1/labels/nope",
                "/api/v1/status/buildinfo",
                "/api/v1/label/%00/values",
                "/api/v1/label/..%2Fx/values",
                "/api/v1/label/a;b/..;/values",
                "/%2e%2e/x",
                "/api/v1/query"
            })
    void refusedRequestsLeaveAConnectionThatServesOrIsSaidToEnd(String path) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(10_000);
            OutputStream out = socket.getOutputStream();
            out.write(("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                            + "Content-Length: 2\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            out.flush();
            // As a client does that sends the body apart, on a busy machine.
            Thread.sleep(50);
            out.write("{}".getBytes(StandardCharsets.US_ASCII));
            out.flush();
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            String refused = head(in);
            assertThat(refused).matches("(?s)http/1.1 4(00|04|05|15) .*");
            if (!refused.contains("connection: close")) {
                int length = Integer.parseInt(refused.replaceAll("(?s).*content-length: (\\d+).*", "$1"));
                assertThat(in.skip(length)).isEqualTo(length);
                out.write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                out.flush();
                assertThat(head(in)).startsWith("http/1.1 200");
            }
        }
    }

    private static String head(BufferedReader in) throws IOException {
        StringBuilder head = new StringBuilder();
        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
            head.append(line.toLowerCase(Locale.ROOT)).append('\n');
        }
        return head.toString();
    }
}
