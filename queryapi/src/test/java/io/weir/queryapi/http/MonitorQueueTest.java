package io.weir.queryapi.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import io.weir.queryapi.workmanager.WorkLoad;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the autoscaler polls, and what the probes say about the work manager. */
final class MonitorQueueTest {
    private static final String PATH = "/api/v1/monitor/queue";

    @TempDir
    private Path folder;

    private TestingApi api;

    @BeforeEach
    void start() {
        api = new TestingApi(
                new TestingLake(60_000).add(Labels.of("__name__", "x"), 0, 1_000, 1, 2, 3),
                folder,
                TestingApi.settings());
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void theAnswerIsOneFlatObjectWithExactlyTheseNumbers() throws Exception {
        api.workManager().setLoad(new WorkLoad(3, 2, 5, 17, 1_250, 12, 16, 8));
        HttpResponse<String> response = api.get(PATH);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(response.body())
                .isEqualTo(
                        "{\"queueDepth\":17,\"oldestAgeSeconds\":1.250,\"inFlight\":12,\"capacity\":16,\"workers\":2,"
                                + "\"desiredWorkers\":8}");
        List<String> names = new ArrayList<>();
        JsonNode root = new ObjectMapper().readTree(response.body());
        root.fieldNames().forEachRemaining(names::add);
        assertThat(names)
                .containsExactly("queueDepth", "oldestAgeSeconds", "inFlight", "capacity", "workers", "desiredWorkers");
        assertThat(root).allMatch(JsonNode::isNumber);
    }

    @Test
    void withoutWorkersItAnswersToo() throws Exception {
        api.workManager().setWorkers(false);
        api.workManager().setLoad(new WorkLoad(0, 0, 0, 0, 0, 0, 0, 1));
        assertThat(api.body(PATH))
                .isEqualTo("{\"queueDepth\":0,\"oldestAgeSeconds\":0,\"inFlight\":0,\"capacity\":0,\"workers\":0,"
                        + "\"desiredWorkers\":1}");
    }

    @Test
    void afterADefectItSaysSoAndTheProcessAsksForARestart() throws Exception {
        api.workManager().setFailed(true);
        HttpResponse<String> response = api.get(PATH);
        assertThat(response.statusCode()).isEqualTo(500);
        assertThat(response.body()).contains("\"errorType\":\"internal\"").contains("restart");
        assertThat(api.get("/livez").statusCode()).isEqualTo(503);
        assertThat(api.get("/healthz").statusCode()).isEqualTo(503);
        assertThat(api.get("/readyz").statusCode()).isEqualTo(503);
    }

    @Test
    void whileTheProcessStopsItIsUnavailableAndAliveAndNotReady() throws Exception {
        assertThat(api.get("/readyz").statusCode()).isEqualTo(200);
        CountDownLatch gate = new CountDownLatch(1);
        api.workManager().setGate(gate);
        Thread query = Thread.ofVirtual().start(() -> {
            try {
                api.get(TestingApi.instant("x", "0"));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        await().until(() -> api.workManager().units().size() == 1);
        Thread stopping = Thread.ofVirtual().start(api::stopServer);
        try {
            await().until(() -> api.get("/readyz").statusCode() == 503);
            HttpResponse<String> response = api.get(PATH);
            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(response.body())
                    .contains("\"errorType\":\"unavailable\"")
                    .contains("stopping");
            assertThat(api.get("/livez").statusCode()).isEqualTo(200);
            HttpResponse<String> late = api.get(TestingApi.instant("y", "0"));
            assertThat(late.statusCode()).as("a new query").isEqualTo(503);
            assertThat(late.body()).contains("this API process is stopping; ask again");
            assertThat(query.isAlive()).as("the running query has its time").isTrue();
        } finally {
            gate.countDown();
        }
        query.join();
        stopping.join();
    }

    @Test
    void anApiWithoutWorkersIsReadyWhereTheLastOneMayBeStopped() throws Exception {
        api.workManager().setWorkers(false);
        assertThat(api.get("/readyz").statusCode()).isEqualTo(503);
        api.workManager().setMayHaveNoWorkers(true);
        assertThat(api.get("/readyz").statusCode()).isEqualTo(200);
    }
}
