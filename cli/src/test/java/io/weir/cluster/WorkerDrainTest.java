package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** SIGTERM ends a worker in order: no query sees it, nothing is done twice that need not be, and the end comes in bounded time. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WorkerDrainTest {
    private static final int DRAIN_MILLIS_MAX = 2_000;
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Duration EXIT_LIMIT = Duration.ofSeconds(15);
    private static final String AGAIN = "assigned again, attempt 2";

    private final TestingFigures figures = new TestingFigures();
    private FaultCluster cluster;
    private FaultCluster.Api api;
    private TestingWorker victim;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        cluster = FaultCluster.start(folder, 3);
        api = cluster.api();
        victim = cluster.workers.getFirst();
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

    /** Sends SIGTERM; returns when readiness is false. */
    private Instant terminate() throws Exception {
        Instant begin = victim.process().signal("TERM");
        Await.until("readiness is false", LIMIT, () -> victim.readiness() == 503);
        long millis = Duration.between(begin, Instant.now()).toMillis();
        figures.add("SIGTERM to readiness being false", millis);
        assertThat(millis).isLessThan(1_000);
        return begin;
    }

    /** A query of which the victim, and nobody else, has a piece that runs and three that wait. */
    private FaultCluster.Query holdFour() throws Exception {
        victim.store.hold();
        FaultCluster.Query query = api.stream(cluster.tenant(), FaultCluster.EXPRESSION);
        victim.awaitWork(1, 3);
        api.awaitLeft(query, 4);
        return query;
    }

    @Test
    void withWorkThatWaitsRunsAndIsReady() throws Exception {
        victim.artifacts.hold();
        FaultCluster.Query ready = api.ask(cluster.tenant(), FaultCluster.EXPRESSION);
        Await.until(
                "what is left is ready and not fetched",
                LIMIT,
                () -> api.metric("weir_api_queue_depth") == 0
                        && api.metric("weir_api_work_in_flight") == 0
                        && api.unitsLeft(ready) > 0
                        && victim.isIdle());
        int readyUnits = api.unitsLeft(ready);
        FaultCluster.Query waiting = holdFour();
        TestingLog log = api.process().log();

        Instant begin = terminate();
        Await.until(
                "what had not begun is done elsewhere",
                LIMIT,
                () -> victim.queued() == 0 && api.unitsLeft(waiting) == 1);
        assertThat(log.lines(AGAIN)).hasSize(3);
        figures.add(
                "SIGTERM of a worker to all its waiting work being assigned again",
                log.lines(AGAIN).getLast().millisAfter(begin));
        assertThat(victim.running()).isEqualTo(1);
        assertThat(api.view(victim).path("state").asText()).isEqualTo("draining");
        double accepted = victim.metric("weir_worker_accepted_total");
        cluster.assertUndisturbed(api.ask(cluster.tenant(), FaultCluster.EXPRESSION));
        assertThat(victim.metric("weir_worker_accepted_total")).isEqualTo(accepted);

        victim.store.release();
        Await.until("what ran is finished", LIMIT, victim::isIdle);
        assertThat(api.unitsLeft(ready)).isEqualTo(readyUnits);
        assertThat(api.unitsLeft(waiting)).isEqualTo(1);
        assertThat(victim.isAlive())
                .as("it waits for its artifacts to be fetched")
                .isTrue();

        victim.artifacts.release();
        cluster.assertUndisturbed(ready);
        cluster.assertUndisturbed(waiting);
        Instant answered = Instant.now();
        assertThat(victim.process().awaitExit(EXIT_LIMIT)).isZero();
        figures.add(
                "the last answer to the end of the drained worker",
                Duration.between(answered, Instant.now()).toMillis());
        assertThat(log.lines(AGAIN)).as("only what had not begun").hasSize(3);
        assertThat(log.lines("artifact of attempt")).isEmpty();
    }

    @Test
    void withWorkThatHasNotArrived() throws Exception {
        // Cached everywhere: all but the held work is done before the worker finds the API silent.
        String tenant = cluster.tenant();
        cluster.assertUndisturbed(api.ask(tenant, FaultCluster.EXPRESSION));
        TestingLog log = api.process().log();
        victim.control.hold(TestingProxy.Direction.TO_SERVER);
        FaultCluster.Query query = api.ask(tenant, FaultCluster.EXPRESSION);
        Await.until(
                "work is on its way",
                LIMIT,
                () -> api.view(victim).path("inFlight").asInt() == 4);
        assertThat(victim.isIdle()).isTrue();
        victim.process().signal("TERM");
        cluster.assertUndisturbed(query);
        assertThat(log.lines(AGAIN)).hasSize(4);
        victim.heal();
        assertThat(victim.process().awaitExit(EXIT_LIMIT)).isZero();
    }

    @Test
    void aDrainHasALimit() throws Exception {
        victim.kill();
        victim.start("--worker-drain-millis-max", Integer.toString(DRAIN_MILLIS_MAX));
        cluster.awaitConnected(api);
        FaultCluster.Query query = holdFour();
        TestingLog log = api.process().log();
        Instant begin = terminate();
        assertThat(victim.process().awaitExit(EXIT_LIMIT)).isZero();
        long millis = Duration.between(begin, Instant.now()).toMillis();
        figures.add("SIGTERM to the end, with a drain limit of " + DRAIN_MILLIS_MAX + " ms", millis);
        assertThat(millis).isBetween((long) DRAIN_MILLIS_MAX, DRAIN_MILLIS_MAX + 5_000L);
        cluster.assertUndisturbed(query);
        assertThat(log.lines(AGAIN)).hasSize(4);
        assertThat(victim.process().logText()).contains("giving up what was left");
    }

    @Test
    void aSecondSignalEndsItAtOnce() throws Exception {
        FaultCluster.Query query = holdFour();
        terminate();
        Instant second = victim.process().signal("TERM");
        assertThat(victim.process().awaitExit(EXIT_LIMIT)).isEqualTo(1);
        long millis = Duration.between(second, Instant.now()).toMillis();
        figures.add("second SIGTERM to the end", millis);
        assertThat(millis).isLessThan(2_000);
        cluster.assertUndisturbed(query);
    }
}
