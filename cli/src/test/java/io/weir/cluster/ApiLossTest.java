package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.cli.process.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** APIs and clients that go leave no work behind on the workers, and disturb nobody else's queries; nor do workers that come. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApiLossTest {
    private static final int API_KILLS = 3;
    private static final int DISCONNECTS = 10;
    private static final int KEY_TENANTS = 30;
    private static final int SHARDS = 64;
    private static final long IDLE_AFTER_API_MILLIS_MAX = 3_500;
    private static final long IDLE_AFTER_CLIENT_MILLIS_MAX = 1_000;
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final TestingFigures figures = new TestingFigures();
    private FaultCluster cluster;
    private FaultCluster.Api api;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        cluster = FaultCluster.start(folder, 3);
        api = cluster.api();
    }

    @AfterAll
    void stop() throws Exception {
        figures.print();
        cluster.close();
    }

    @BeforeEach
    void heal() throws Exception {
        cluster.heal();
    }

    /** Waits until no worker runs, queues or keeps anything; returns the milliseconds since the start until that was seen. */
    private long awaitNothingLeft(Instant start) throws InterruptedException {
        Await.until("the workers are idle", LIMIT, () -> {
            for (TestingWorker worker : cluster.workers) {
                if (!worker.isIdle()) {
                    return false;
                }
            }
            return true;
        });
        long millis = Duration.between(start, Instant.now()).toMillis();
        for (TestingWorker worker : cluster.workers) {
            Await.until(worker.name + " keeps nothing", LIMIT, () -> worker.spoolBytes() == 0);
        }
        return millis;
    }

    @Test
    void anApiIsKilledAndComesBack() throws Exception {
        int port = Ports.free();
        FaultCluster.Api victim = cluster.startApi("victim", port);
        for (int kill = 0; kill < API_KILLS; kill++) {
            FaultCluster.Query query = holdHalf(victim);
            Instant killed = victim.process().signal("KILL");
            long idle = awaitNothingLeft(killed);
            figures.add("kill -9 of an API to its workers being idle", idle);
            assertThat(idle).isLessThanOrEqualTo(IDLE_AFTER_API_MILLIS_MAX);
            assertThatThrownBy(query::response)
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(IOException.class);
            cluster.workers.forEach(TestingWorker::heal);
            victim = cluster.startApi("victim", port);
            cluster.assertUndisturbed(victim.ask(cluster.tenant(), FaultCluster.EXPRESSION));
        }
    }

    /** A query that two workers cannot finish and the third one cannot hand over. Each API has half of the credits. */
    private FaultCluster.Query holdHalf(FaultCluster.Api asked) throws Exception {
        for (TestingWorker worker : cluster.workers) {
            Await.until(
                    "the credits are shared",
                    LIMIT,
                    () -> asked.view(worker).path("credits").asInt() == TestingWorker.CREDITS / 2
                            && api.view(worker).path("credits").asInt() == TestingWorker.CREDITS / 2);
        }
        cluster.workers.get(0).store.hold();
        cluster.workers.get(1).store.hold();
        cluster.workers.get(2).artifacts.hold();
        FaultCluster.Query query = asked.ask(cluster.tenant(), FaultCluster.EXPRESSION);
        cluster.workers.get(0).awaitWork(1, 1);
        cluster.workers.get(1).awaitWork(1, 1);
        Await.until(
                "the third has artifacts", LIMIT, () -> cluster.workers.get(2).spoolBytes() > 0);
        Await.until("nothing waits", LIMIT, () -> asked.metric("weir_api_queue_depth") == 0);
        return query;
    }

    @Test
    void anApiIsStoppedAndContinued() throws Exception {
        FaultCluster.Api victim = cluster.startApi("stopped", Ports.free());
        FaultCluster.Query query = holdHalf(victim);
        Instant stopped = victim.process().signal("STOP");
        long idle = awaitNothingLeft(stopped);
        figures.add("SIGSTOP of an API to its workers being idle", idle);
        assertThat(idle).isLessThanOrEqualTo(IDLE_AFTER_API_MILLIS_MAX);
        cluster.assertUndisturbed(healed(api));
        victim.process().signal("CONT");
        // Its workers have given up its work; it notices, has all of it done again and answers.
        cluster.assertUndisturbed(query);
    }

    private FaultCluster.Query healed(FaultCluster.Api asked) throws Exception {
        cluster.workers.forEach(TestingWorker::heal);
        return asked.ask(cluster.tenant(), FaultCluster.EXPRESSION);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aClientDisconnects(boolean isStream) throws Exception {
        for (int i = 0; i < DISCONNECTS; i++) {
            String tenant = cluster.tenant();
            cluster.workers.forEach(worker -> worker.store.hold());
            Instant closed;
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), api.port())) {
                client.getOutputStream().write(request(tenant, isStream).getBytes(StandardCharsets.UTF_8));
                client.getOutputStream().flush();
                for (TestingWorker worker : cluster.workers) {
                    worker.awaitWork(1, 3);
                }
                closed = Instant.now();
            }
            long idle = awaitNothingLeft(closed);
            figures.add("disconnect of a client (" + (isStream ? "SSE" : "JSON") + ") to the workers being idle", idle);
            assertThat(idle).isLessThanOrEqualTo(IDLE_AFTER_CLIENT_MILLIS_MAX);
            assertThat(api.metric("weir_api_queue_depth")).isZero();
            cluster.workers.forEach(TestingWorker::heal);
            // The same query of the same tenant, whose segments were on their way when it was given up.
            cluster.assertUndisturbed(
                    isStream ? api.stream(tenant, FaultCluster.EXPRESSION) : api.ask(tenant, FaultCluster.EXPRESSION));
        }
    }

    private String request(String tenant, boolean isStream) {
        String headers = " HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Scope-OrgID: " + tenant + "\r\n";
        if (!isStream) {
            return "GET " + FaultCluster.path(api.client(tenant), FaultCluster.EXPRESSION) + headers + "\r\n";
        }
        String body = FaultCluster.streamBody(FaultCluster.EXPRESSION);
        return "POST /api/v1/metrics/query" + headers + "Content-Type: application/json\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
    }

    /** Asks again and again, with two queries at a time, until told to stop. */
    private final class Asking {
        final AtomicInteger answers = new AtomicInteger();
        private final AtomicBoolean stop = new AtomicBoolean();
        private final List<CompletableFuture<Void>> threads = new ArrayList<>();

        Asking(FaultCluster.Api asked, List<String> tenants) {
            for (int thread = 0; thread < 2; thread++) {
                int first = thread;
                threads.add(FaultCluster.inBackground(() -> {
                    for (int i = first; !stop.get(); i += 2) {
                        String tenant = tenants.get(i % tenants.size());
                        cluster.assertUndisturbed(
                                i % 3 == 0
                                        ? asked.stream(tenant, FaultCluster.EXPRESSION)
                                        : asked.ask(tenant, FaultCluster.EXPRESSION));
                        answers.incrementAndGet();
                    }
                }));
            }
        }

        void awaitMore(int more) throws InterruptedException {
            int wanted = answers.get() + more;
            Await.until(
                    more + " more answers",
                    FaultCluster.ANSWER_LIMIT,
                    () -> answers.get() >= wanted
                            || threads.stream().anyMatch(CompletableFuture::isCompletedExceptionally));
        }

        /** Fails when any answer was not the undisturbed one. */
        void end() throws Exception {
            stop.set(true);
            for (CompletableFuture<Void> thread : threads) {
                thread.get(FaultCluster.ANSWER_LIMIT.toSeconds(), TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void twoApisShareTheWorkersAndOneIsKilled() throws Exception {
        FaultCluster.Api other = cluster.startApi("other", Ports.free());
        List<String> tenants = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            tenants.add(cluster.tenant());
        }
        Asking asking = new Asking(api, tenants);
        Asking askingOther = new Asking(other, tenants.reversed());
        asking.awaitMore(6);
        askingOther.awaitMore(6);
        other.process().signal("KILL");
        asking.awaitMore(10);
        asking.end();
        assertThatThrownBy(askingOther::end).hasRootCauseInstanceOf(IOException.class);
        for (TestingWorker worker : cluster.workers) {
            Await.until(
                    "the one that is left has all credits",
                    LIMIT,
                    () -> api.view(worker).path("credits").asInt() == TestingWorker.CREDITS);
        }
        awaitNothingLeft(Instant.now());
    }

    @Test
    void aWorkerIsAddedWhileQueriesRun() throws Exception {
        TestingWorker added = cluster.newWorker("added");
        try {
            FaultCluster.Api asked =
                    cluster.startApi("growing", Ports.free(), List.of(added.address()), FaultCluster.UNIT_TARGET, "1");
            List<String> tenants = new ArrayList<>();
            for (int i = 0; i < KEY_TENANTS; i++) {
                tenants.add(cluster.tenant());
            }
            Map<String, String> before = placements(asked, tenants);
            assertThat(before).hasSize(KEY_TENANTS * SHARDS);
            Asking asking = new Asking(api, tenants);
            Asking askingGrowing = new Asking(asked, tenants);
            asking.awaitMore(2);
            askingGrowing.awaitMore(1);
            added.start();
            Await.until(
                    "the new worker is connected",
                    LIMIT,
                    () -> asked.view(added).path("acceptingWork").asBoolean());
            askingGrowing.awaitMore(2);
            asking.end();
            askingGrowing.end();
            assertThat(added.metric("weir_worker_accepted_total")).isPositive();
            Map<String, String> after = placements(asked, tenants);
            String addedId = added.workerId(asked);
            int moved = 0;
            for (Map.Entry<String, String> key : before.entrySet()) {
                String now = after.get(key.getKey());
                if (!key.getValue().equals(now)) {
                    assertThat(now).as("keys move to the new worker only").isEqualTo(addedId);
                    moved++;
                }
            }
            System.out.printf(
                    "figure: keys that move to a fourth worker: %d of %d, %.1f %%%n",
                    moved, before.size(), 100.0 * moved / before.size());
            assertThat(moved).isPositive().isLessThanOrEqualTo((int) (before.size() * (1 / 4.0 + 0.05)));
        } finally {
            if (added.isAlive()) {
                added.kill();
            }
            added.close();
        }
    }

    /** Affinity key to worker, of every shard of these tenants. */
    private static Map<String, String> placements(FaultCluster.Api asked, List<String> tenants)
            throws IOException, InterruptedException {
        Map<String, String> placements = new HashMap<>();
        for (String tenant : tenants) {
            TestingClient client = asked.client(tenant);
            JsonNode plan =
                    client.json(FaultCluster.path(client, "load1").replace("/api/v1/query_range", "/api/v1/explain"));
            for (JsonNode unit : plan.path("data").path("leaves").path(0).path("units")) {
                placements.put(
                        unit.path("affinityKey").asText(), unit.path("worker").asText());
            }
        }
        return placements;
    }
}
