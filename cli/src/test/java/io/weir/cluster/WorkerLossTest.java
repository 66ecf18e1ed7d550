package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A worker that dies or stops, whatever its work is doing, changes no byte of an answer. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WorkerLossTest {
    private static final int KILLS = 12;
    private static final int STOPS = 3;
    private static final long DETECTION_MILLIS_MAX = 3_500;
    private static final int NO_WORKERS_WAIT_MILLIS = 12_000;
    private static final Duration LOG_LIMIT = Duration.ofSeconds(10);
    private static final Duration SETTLE_LIMIT = Duration.ofSeconds(10);

    private final TestingFigures figures = new TestingFigures();
    private FaultCluster cluster;
    private FaultCluster.Api api;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        cluster = FaultCluster.start(
                folder, 3, "--scheduling-no-workers-wait-millis", Integer.toString(NO_WORKERS_WAIT_MILLIS));
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

    /** Asks for one unit that no worker can finish; returns the worker it runs on, which alone stays held. */
    private TestingWorker hold(FaultCluster.Query[] query) throws Exception {
        cluster.workers.forEach(worker -> worker.store.hold());
        query[0] = api.ask(cluster.tenant(), FaultCluster.ONE_UNIT);
        List<TestingWorker> running = new ArrayList<>();
        Await.until("one worker runs the unit", LOG_LIMIT, () -> {
            running.clear();
            for (TestingWorker worker : cluster.workers) {
                if (worker.running() == 1) {
                    running.add(worker);
                }
            }
            return running.size() == 1;
        });
        TestingWorker holder = running.getFirst();
        cluster.workers.stream().filter(worker -> worker != holder).forEach(worker -> worker.store.release());
        return holder;
    }

    @Test
    void killedWhileItsWorkRuns() throws Exception {
        FaultCluster.Query[] query = new FaultCluster.Query[1];
        TestingWorker victim = hold(query);
        victim.awaitWork(1, 0);
        TestingLog log = api.process().log();
        victim.kill();
        cluster.assertUndisturbed(query[0]);
        assertThat(log.lines("assigned again, attempt 2")).hasSize(1);
    }

    @Test
    void killedWhileWorkWaitsForItsSlot() throws Exception {
        FaultCluster.Query[] running = new FaultCluster.Query[1];
        TestingWorker victim = hold(running);
        FaultCluster.Query waiting = api.stream(cluster.tenant(), FaultCluster.EXPRESSION);
        victim.awaitWork(1, 3);
        api.awaitLeft(waiting, 3);
        TestingLog log = api.process().log();
        victim.kill();
        cluster.assertUndisturbed(waiting);
        cluster.assertUndisturbed(running[0]);
        assertThat(log.lines("assigned again, attempt 2")).hasSize(4);
    }

    @Test
    void killedWhenItsArtifactsAreReadyAndNotFetched() throws Exception {
        TestingWorker victim = cluster.workers.get(1);
        victim.artifacts.hold();
        double ready = victim.metric("weir_task_seconds_count");
        FaultCluster.Query query = api.ask(cluster.tenant(), FaultCluster.EXPRESSION);
        Await.until(
                "all work is finished, some of it not fetched",
                LOG_LIMIT,
                () -> api.metric("weir_api_queue_depth") == 0
                        && api.metric("weir_api_work_in_flight") == 0
                        && api.unitsLeft(query) > 0
                        && victim.isIdle()
                        && victim.metric("weir_task_seconds_count") - ready == api.unitsLeft(query));
        int left = api.unitsLeft(query);
        assertThat(victim.spoolBytes()).isPositive();
        TestingLog log = api.process().log();
        victim.kill();
        cluster.assertUndisturbed(query);
        assertThat(log.lines("assigned again, attempt 2")).hasSize(left);
    }

    @Test
    void killedAgainAndAgain() throws Exception {
        CompletableFuture<Void> restart = CompletableFuture.completedFuture(null);
        for (int kill = 0; kill < KILLS; kill++) {
            TestingWorker victim = cluster.workers.get(kill % 3);
            String identity = victim.workerId(api);
            victim.store.hold();
            FaultCluster.Query query = api.ask(cluster.tenant(), FaultCluster.EXPRESSION);
            victim.awaitWork(1, 3);
            api.awaitLeft(query, 4);
            TestingLog log = api.process().log();
            Instant killed = victim.kill();
            cluster.assertUndisturbed(query);
            figures.add(
                    "kill -9 of a worker to its loss being known",
                    log.await(FaultCluster.lossOf(identity), LOG_LIMIT).millisAfter(killed));
            List<TestingLog.Line> again = log.lines("assigned again, attempt 2");
            assertThat(again).hasSize(4);
            figures.add(
                    "kill -9 of a worker to all its work being assigned again",
                    again.getLast().millisAfter(killed));
            restart.get(120, TimeUnit.SECONDS);
            victim.heal();
            restart = FaultCluster.inBackground(victim::start);
            TestingWorker next = cluster.workers.get((kill + 1) % 3);
            Await.until(
                    "the next one is connected",
                    Duration.ofSeconds(30),
                    () -> api.view(next).path("acceptingWork").asBoolean());
        }
        restart.get(120, TimeUnit.SECONDS);
    }

    @Test
    void stoppedAndContinued() throws Exception {
        for (int round = 0; round < STOPS; round++) {
            List<TestingWorker> victims = List.of(cluster.workers.get(round % 3), cluster.workers.get((round + 1) % 3));
            List<String> identities = new ArrayList<>();
            for (TestingWorker victim : victims) {
                identities.add(victim.workerId(api));
                victim.store.hold();
            }
            FaultCluster.Query query = api.ask(cluster.tenant(), FaultCluster.EXPRESSION);
            for (TestingWorker victim : victims) {
                victim.awaitWork(1, 3);
            }
            api.awaitLeft(query, 8);
            TestingLog log = api.process().log();
            double duplicates = api.metric("weir_work_duplicates_dropped_total");
            List<Instant> stopped = new ArrayList<>();
            for (TestingWorker victim : victims) {
                stopped.add(victim.process().signal("STOP"));
            }
            cluster.assertUndisturbed(query);
            for (int i = 0; i < victims.size(); i++) {
                long millis = log.await(FaultCluster.lossOf(identities.get(i)), LOG_LIMIT)
                        .millisAfter(stopped.get(i));
                figures.add("SIGSTOP of a worker to its loss being known", millis);
                assertThat(millis).isLessThanOrEqualTo(DETECTION_MILLIS_MAX);
            }
            figures.add(
                    "SIGSTOP of two workers to all their work being assigned again",
                    log.last("assigned again, attempt 2").orElseThrow().millisAfter(stopped.getFirst()));
            comesBack(victims, identities, duplicates);
        }
    }

    /** Under its old identity; what it had is not used, new work is done by it. */
    private void comesBack(List<TestingWorker> victims, List<String> identities, double duplicates) throws Exception {
        List<Double> accepted = new ArrayList<>();
        for (TestingWorker victim : victims) {
            // Its old work can go on from here, and finish before the worker has understood that nobody wants it.
            victim.store.release();
            Instant continued = victim.process().signal("CONT");
            victim.awaitIdle(continued, SETTLE_LIMIT);
            Await.until(victim.name + " keeps nothing", SETTLE_LIMIT, () -> victim.spoolBytes() == 0);
            accepted.add(victim.metric("weir_worker_accepted_total"));
        }
        cluster.awaitConnected(api);
        assertThat(api.metric("weir_work_duplicates_dropped_total")).isEqualTo(duplicates);
        cluster.assertUndisturbed(api.ask(cluster.tenant(), FaultCluster.EXPRESSION));
        for (int i = 0; i < victims.size(); i++) {
            assertThat(victims.get(i).workerId(api)).isEqualTo(identities.get(i));
            assertThat(victims.get(i).metric("weir_worker_accepted_total")).isGreaterThan(accepted.get(i));
        }
    }

    @Test
    void allLostAndOneBackInTime() throws Exception {
        cluster.workers.forEach(worker -> worker.store.hold());
        FaultCluster.Query query = api.ask(cluster.tenant(), FaultCluster.EXPRESSION);
        for (TestingWorker worker : cluster.workers) {
            worker.awaitWork(1, 3);
        }
        for (TestingWorker worker : cluster.workers) {
            worker.kill();
        }
        TestingWorker first = cluster.workers.getFirst();
        first.heal();
        first.start();
        cluster.assertUndisturbed(query);
    }

    @Test
    void allLostAndNoneBack() throws Exception {
        cluster.workers.forEach(worker -> worker.store.hold());
        FaultCluster.Query query = api.stream(cluster.tenant(), FaultCluster.EXPRESSION);
        FaultCluster.Query second = api.ask(cluster.tenant(), FaultCluster.EXPRESSION);
        for (TestingWorker worker : cluster.workers) {
            worker.awaitWork(1, 3);
        }
        Instant killed = Instant.now();
        for (TestingWorker worker : cluster.workers) {
            worker.kill();
        }
        HttpResponse<String> refused = second.response();
        long millis = Duration.between(killed, Instant.now()).toMillis();
        assertThat(millis).isBetween((long) NO_WORKERS_WAIT_MILLIS - 500, NO_WORKERS_WAIT_MILLIS + 3_000L);
        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(refused.headers().firstValue("Retry-After")).isPresent();
        assertThat(refused.body())
                .contains("\"errorType\":\"unavailable\"")
                .contains("no query workers are connected; start workers or check the workers' addresses");
        assertThat(query.response().body())
                .contains("\"type\":\"error\"", "no query workers are connected", "\"status\":\"error\"");
        // The last loss is longer ago than the grace: a new query does not wait at all.
        Instant asked = Instant.now();
        HttpResponse<String> atOnce =
                api.ask(cluster.tenant(), FaultCluster.EXPRESSION).response();
        assertThat(atOnce.statusCode()).isEqualTo(503);
        assertThat(atOnce.body()).contains("start workers or check the workers' addresses");
        assertThat(Duration.between(asked, Instant.now())).isLessThan(Duration.ofSeconds(3));
        assertThat(api.client("any").get("/readyz").statusCode()).isEqualTo(503);
    }
}
