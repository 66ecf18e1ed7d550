package io.weir.workcoord.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.Rendezvous;
import io.weir.workcoord.coordinator.CoordinatorEffect.CloseReason;
import io.weir.workcoord.coordinator.CoordinatorEffect.CloseSession;
import io.weir.workcoord.coordinator.CoordinatorEffect.Commit;
import io.weir.workcoord.coordinator.CoordinatorEffect.Count;
import io.weir.workcoord.coordinator.CoordinatorEffect.Counter;
import io.weir.workcoord.coordinator.CoordinatorEffect.DiscardFetched;
import io.weir.workcoord.coordinator.CoordinatorEffect.QueryCompleted;
import io.weir.workcoord.coordinator.CoordinatorEffect.QueryFailed;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendAck;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendAssign;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendCancel;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendHeartbeat;
import io.weir.workcoord.coordinator.CoordinatorEffect.StartFetch;
import io.weir.workcoord.coordinator.CoordinatorEffect.SubmitRefused;
import io.weir.workcoord.coordinator.CoordinatorEvent.Accepted;
import io.weir.workcoord.coordinator.CoordinatorEvent.CancelQuery;
import io.weir.workcoord.coordinator.CoordinatorEvent.Failed;
import io.weir.workcoord.coordinator.CoordinatorEvent.FetchFailed;
import io.weir.workcoord.coordinator.CoordinatorEvent.Fetched;
import io.weir.workcoord.coordinator.CoordinatorEvent.HeartbeatReceived;
import io.weir.workcoord.coordinator.CoordinatorEvent.Ready;
import io.weir.workcoord.coordinator.CoordinatorEvent.Rejected;
import io.weir.workcoord.coordinator.CoordinatorEvent.SessionClosed;
import io.weir.workcoord.coordinator.CoordinatorEvent.SessionOpened;
import io.weir.workcoord.coordinator.CoordinatorEvent.StatusReceived;
import io.weir.workcoord.coordinator.CoordinatorEvent.Submit;
import io.weir.workcoord.coordinator.CoordinatorEvent.Tick;
import io.weir.workcoord.coordinator.CoordinatorEvent.Unit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** One test per rule of the coordinator. */
final class CoordinatorTest {
    private static final CoordinatorLimits LIMITS =
            new CoordinatorLimits(HeartbeatLimits.DEFAULT, 20, 5, 3, 6, 4, 100, 3, 2_000, 5_000);

    private final Coordinator coordinator = new Coordinator(LIMITS);
    private long now = 1_000;
    private List<CoordinatorEffect> effects = List.of();

    private List<CoordinatorEffect> on(CoordinatorEvent event) {
        effects = coordinator.handle(event, now);
        return effects;
    }

    private void worker(long session, String id, int credits) {
        on(new SessionOpened(session, id, id + "-run1", "at-" + id, true, false, credits));
    }

    private void submit(String query, String tenant, int units) {
        List<Unit> list = new ArrayList<>();
        for (int i = 0; i < units; i++) {
            list.add(new Unit(0, query + "-w" + i, "key" + i));
        }
        on(new Submit(query, tenant, now + 60_000, list));
    }

    private <E extends CoordinatorEffect> List<E> all(Class<E> kind) {
        return effects.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private <E extends CoordinatorEffect> E one(Class<E> kind) {
        List<E> found = all(kind);
        assertThat(found).as("%s in %s", kind.getSimpleName(), effects).hasSize(1);
        return found.getFirst();
    }

    private WorkState state(String workId) {
        return coordinator.works().stream()
                .filter(work -> work.workId().equals(workId))
                .findFirst()
                .orElseThrow()
                .state();
    }

    private Ready ready(SendAssign assign) {
        return new Ready(assign.session(), assign.queryId(), assign.leafId(), assign.workId(), assign.attempt(), "c1");
    }

    @Test
    void workGoesItsWholeWay() {
        worker(1, "a", 4);
        submit("q", "t", 1);
        SendAssign assign = one(SendAssign.class);
        assertThat(assign).isEqualTo(new SendAssign(1, "q", 0, "q-w0", 1, "key0", 60_000, false));
        on(new Accepted(1, "q-w0", 1));
        assertThat(state("q-w0")).isEqualTo(WorkState.ACCEPTED);
        on(ready(assign));
        assertThat(one(StartFetch.class)).isEqualTo(new StartFetch("q", "q-w0", 1, "a", "c1"));
        on(new Fetched("q-w0", 1));
        assertThat(effects)
                .containsExactly(new Commit("q", "q-w0", 1, "a"), new SendAck(1, "q-w0", 1), new QueryCompleted("q"));
        assertThat(coordinator.worksTracked()).isZero();
        assertThat(coordinator.queriesRunning()).isZero();
    }

    @Test
    void anEmptyQueryCompletesAtOnceEvenWithoutWorkers() {
        submit("q", "t", 0);
        one(QueryCompleted.class);
    }

    @Test
    void withoutWorkersAQueryIsRefusedAtOnce() {
        submit("q", "t", 1);
        assertThat(one(SubmitRefused.class).kind()).isEqualTo(FailureKind.NO_WORKERS);
        assertThat(one(SubmitRefused.class).message()).contains("no query workers are connected");
    }

    @Test
    void aMomentAfterTheLastWorkerWasLostAQueryWaitsForItsReturn() {
        worker(1, "a", 4);
        on(new SessionClosed(1, "reset"));
        now += 1_999;
        submit("q", "t", 1);
        assertThat(all(SubmitRefused.class)).isEmpty();
        now += 1;
        submit("late", "t", 1);
        assertThat(one(SubmitRefused.class).kind()).isEqualTo(FailureKind.NO_WORKERS);
        worker(2, "a", 4);
        assertThat(one(SendAssign.class).workId()).isEqualTo("q-w0");
    }

    @Test
    void workWaitsForAWorkerUpToTheLimitThenItsQueryFails() {
        worker(1, "a", 4);
        submit("q", "t", 1);
        on(new SessionClosed(1, "reset"));
        assertThat(state("q-w0")).isEqualTo(WorkState.QUEUED);
        assertThat(coordinator.nextTimerMillis()).isEqualTo(now + 5_000);
        now += 5_000;
        on(new Tick());
        assertThat(one(QueryFailed.class).kind()).isEqualTo(FailureKind.NO_WORKERS);
    }

    @Test
    void creditsBoundWhatAWorkerHasAndTheRestWaits() {
        worker(1, "a", 2);
        worker(2, "b", 1);
        submit("q", "t", 5);
        assertThat(all(SendAssign.class)).hasSize(3);
        assertThat(coordinator.queued(Priority.INTERACTIVE)).isEqualTo(2);
        now += 300;
        assertThat(coordinator.oldestQueuedMillis(now)).isEqualTo(300);
        on(new StatusReceived(2, true, false, 3));
        assertThat(all(SendAssign.class)).hasSize(2).allMatch(assign -> assign.session() == 2);
    }

    private static String bestRanked(String key, String... workers) {
        return Stream.of(workers)
                .max((one, other) -> Long.compareUnsigned(score(key, one), score(key, other)))
                .orElseThrow();
    }

    private static long score(String key, String worker) {
        return Rendezvous.score(Rendezvous.hash(key), Rendezvous.hash(worker));
    }

    @Test
    void theBestRankedWorkerWithRoomIsChosen() {
        worker(1, "a", 100);
        worker(2, "b", 100);
        worker(3, "c", 100);
        submit("q", "t", 20);
        for (SendAssign assign : all(SendAssign.class)) {
            String placed = coordinator.workers().stream()
                    .filter(worker -> worker.session() == assign.session())
                    .findFirst()
                    .orElseThrow()
                    .workerId();
            assertThat(placed).as(assign.affinityKey()).isEqualTo(bestRanked(assign.affinityKey(), "a", "b", "c"));
            assertThat(coordinator.placement(assign.affinityKey())).contains(placed);
        }
        assertThat(effects).contains(new Count(Counter.AFFINITY_HIT)).doesNotContain(new Count(Counter.AFFINITY_MISS));
    }

    @Test
    void tenantsThenQueriesTakeTurns() {
        worker(1, "a", 1);
        submit("big1", "big", 6);
        submit("big2", "big", 2);
        submit("small", "small", 2);
        List<String> order = new ArrayList<>();
        List<SendAssign> assigned = List.of(new SendAssign(1, "big1", 0, "big1-w0", 1, "key0", 0, false));
        while (!assigned.isEmpty()) {
            SendAssign assign = assigned.getFirst();
            order.add(assign.workId());
            on(ready(assign));
            assigned = all(SendAssign.class);
        }
        assertThat(order)
                .containsExactly(
                        "big1-w0",
                        "big1-w1",
                        "small-w0",
                        "big2-w0",
                        "small-w1",
                        "big1-w2",
                        "big2-w1",
                        "big1-w3",
                        "big1-w4",
                        "big1-w5");
    }

    @Test
    void aRejectingWorkerIsOutUntilItsNextStatusAndTheWorkGoesElsewhere() {
        worker(1, "a", 10);
        submit("q", "t", 1);
        worker(2, "b", 10);
        on(new Rejected(1, "q-w0", 1, "not accepting"));
        assertThat(one(SendAssign.class))
                .extracting(SendAssign::session, SendAssign::attempt)
                .containsExactly(2L, 2);
        assertThat(effects).contains(new Count(Counter.REJECTED), new Count(Counter.REASSIGNED));
        on(new Rejected(2, "q-w0", 2, "not accepting"));
        assertThat(all(SendAssign.class)).isEmpty();
        on(new StatusReceived(1, true, false, 10));
        assertThat(one(SendAssign.class).session()).isEqualTo(1);
    }

    @Test
    void aRejectionTakesBackWhatElseTheWorkerHasNotAccepted() {
        worker(1, "a", 10);
        submit("q", "t", 3);
        on(new Accepted(1, "q-w2", 1));
        on(new Rejected(1, "q-w0", 1, "not accepting"));
        assertThat(effects)
                .containsExactly(
                        new Count(Counter.REJECTED),
                        new Count(Counter.REASSIGNED),
                        new SendCancel(1, "q-w1", "moved: the worker stopped accepting work"),
                        new Count(Counter.REASSIGNED));
        assertThat(coordinator.queued(Priority.INTERACTIVE)).isEqualTo(2);
        assertThat(coordinator.inFlight()).as("what it accepted").isEqualTo(1);
    }

    @Test
    void assignmentsAreBounded() {
        worker(1, "a", 10);
        submit("q", "t", 1);
        for (int attempt = 1; attempt <= 5; attempt++) {
            on(new Rejected(1, "q-w0", attempt, "no"));
            on(new StatusReceived(1, true, false, 10));
        }
        on(new Rejected(1, "q-w0", 6, "no"));
        assertThat(one(QueryFailed.class).kind()).isEqualTo(FailureKind.RETRIES_EXHAUSTED);
        assertThat(one(QueryFailed.class).message()).contains("assigned 6 times");
    }

    @Test
    void aDrainingWorkerKeepsWhatItAcceptedAndLosesTheRestAtOnce() {
        worker(1, "a", 10);
        submit("q", "t", 2);
        on(new Accepted(1, "q-w0", 1));
        worker(2, "b", 10);
        on(new StatusReceived(1, false, true, 0));
        assertThat(one(SendAssign.class))
                .extracting(SendAssign::workId, SendAssign::session)
                .containsExactly("q-w1", 2L);
        assertThat(state("q-w0")).isEqualTo(WorkState.ACCEPTED);
        on(new Rejected(1, "q-w1", 1, "draining"));
        assertThat(effects).contains(new Count(Counter.STALE_DROPPED));
        on(new Failed(1, "q-w0", 1, FailureKind.HANDED_BACK, "draining"));
        assertThat(one(SendAssign.class))
                .extracting(SendAssign::workId, SendAssign::session)
                .containsExactly("q-w0", 2L);
        assertThat(coordinator.works()).allMatch(work -> work.failures() == 0);
    }

    @Test
    void theEndOfASessionMovesItsWorkInTheSameStepFinishedWorkToo() {
        worker(1, "a", 10);
        submit("q", "t", 3);
        List<SendAssign> assigned = all(SendAssign.class);
        worker(2, "b", 10);
        on(new Accepted(1, "q-w1", 1));
        on(ready(assigned.get(2)));
        on(new SessionClosed(1, "connection reset"));
        assertThat(all(SendAssign.class)).hasSize(3).allMatch(assign -> assign.session() == 2 && assign.attempt() == 2);
        on(new Fetched("q-w2", 1));
        assertThat(one(DiscardFetched.class)).isEqualTo(new DiscardFetched("q-w2", 1));
    }

    @Test
    void allSilentWorkersGoBeforeAnyWorkMoves() {
        worker(1, "a", 10);
        worker(2, "b", 10);
        submit("q", "t", 4);
        for (int i = 0; i < 3; i++) {
            now += 1_000;
            on(new Tick());
        }
        assertThat(all(CloseSession.class))
                .extracting(CloseSession::session, CloseSession::reason)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(1L, CloseReason.SILENT),
                        org.assertj.core.groups.Tuple.tuple(2L, CloseReason.SILENT));
        assertThat(all(SendAssign.class)).isEmpty();
        assertThat(coordinator.queued(Priority.INTERACTIVE)).isEqualTo(4);
    }

    @Test
    void heartbeatsAreSentEverySecondAndAnswered() {
        worker(1, "a", 10);
        now += 1_000;
        on(new Tick());
        assertThat(one(SendHeartbeat.class)).isEqualTo(new SendHeartbeat(1, 1, false));
        on(new HeartbeatReceived(1, 77, false));
        assertThat(one(SendHeartbeat.class)).isEqualTo(new SendHeartbeat(1, 77, true));
        for (int i = 0; i < 5; i++) {
            now += 1_000;
            on(new HeartbeatReceived(1, i, true));
        }
        assertThat(coordinator.workers()).hasSize(1);
    }

    @Test
    void ourOwnStallIsNotTheWorkersSilence() {
        worker(1, "a", 10);
        now += 60_000;
        on(new Tick());
        assertThat(all(CloseSession.class)).isEmpty();
        now += 1_400;
        on(new Tick());
        now += 1_400;
        on(new Tick());
        assertThat(all(CloseSession.class)).hasSize(1);
    }

    @Test
    void aNewSessionOfTheSameAddressReplacesTheOldAndOldMessagesAreFenced() {
        worker(1, "a", 10);
        submit("q", "t", 1);
        on(new SessionOpened(2, "a", "a-run2", "at-a", true, false, 10));
        assertThat(one(CloseSession.class).reason()).isEqualTo(CloseReason.SUPERSEDED);
        assertThat(one(SendAssign.class))
                .extracting(SendAssign::session, SendAssign::attempt)
                .containsExactly(2L, 2);
        on(new Ready(1, "q", 0, "q-w0", 1, "c1"));
        assertThat(effects).containsExactly(new Count(Counter.STALE_DROPPED));
        on(new Ready(1, "q", 0, "q-w0", 2, "c1"));
        assertThat(effects).containsExactly(new Count(Counter.STALE_DROPPED));
        on(new SessionClosed(1, "late"));
        assertThat(coordinator.workers()).hasSize(1);
    }

    @Test
    void aSecondAddressWithTheSameIdIsRefusedWhileTheFirstLives() {
        worker(1, "a", 10);
        on(new SessionOpened(2, "a", "x", "elsewhere", true, false, 10));
        assertThat(one(CloseSession.class))
                .extracting(CloseSession::session, CloseSession::reason)
                .containsExactly(2L, CloseReason.DUPLICATE_IDENTITY);
        on(new SessionOpened(0, "a", "x", "at-a", true, false, 10));
        assertThat(one(CloseSession.class).reason()).isEqualTo(CloseReason.OUTDATED);
        assertThat(coordinator.workers()).extracting(WorkerSnapshot::session).containsExactly(1L);
    }

    @Test
    void workersAreBounded() {
        worker(1, "a", 1);
        worker(2, "b", 1);
        worker(3, "c", 1);
        worker(4, "d", 1);
        assertThat(one(CloseSession.class).reason()).isEqualTo(CloseReason.TOO_MANY_WORKERS);
    }

    @Test
    void failuresThatHappenEverywhereFailTheQueryAtOnce() {
        for (FailureKind kind : FailureKind.values()) {
            if (!kind.isRetryable()) {
                Coordinator fresh = new Coordinator(LIMITS);
                fresh.handle(new SessionOpened(1, "a", "r", "x", true, false, 9), 0);
                fresh.handle(new Submit("q", "t", 9_000, List.of(new Unit(0, "w0", "k"), new Unit(0, "w1", "k"))), 0);
                effects = fresh.handle(new Failed(1, "w0", 1, kind, "because"), 0);
                assertThat(one(QueryFailed.class).kind()).isEqualTo(kind);
                assertThat(one(QueryFailed.class).message()).endsWith("because");
                assertThat(one(SendCancel.class).workId()).isEqualTo("w1");
                assertThat(fresh.worksTracked()).isZero();
            }
        }
    }

    @Test
    void otherFailuresAreRetriedElsewhereUpToTheLimit() {
        worker(1, "a", 10);
        submit("q", "t", 1);
        worker(2, "b", 10);
        on(new Failed(1, "q-w0", 1, FailureKind.OUT_OF_MEMORY, "heap"));
        assertThat(one(SendAssign.class).session()).isEqualTo(2);
        on(new Failed(2, "q-w0", 2, FailureKind.INTERNAL, "boom"));
        assertThat(all(SendAssign.class)).as("both have failed it: wait").isEmpty();
        assertThat(coordinator.nextTimerMillis()).isEqualTo(now + 200);
        now += 200;
        on(new Tick());
        SendAssign third = one(SendAssign.class);
        on(new Failed(third.session(), "q-w0", 3, FailureKind.INTERNAL, "boom again"));
        assertThat(one(QueryFailed.class).kind()).isEqualTo(FailureKind.RETRIES_EXHAUSTED);
        assertThat(one(QueryFailed.class).message())
                .contains("all 3 attempts failed")
                .contains("boom again");
    }

    @Test
    void aQuerysRetriesAreBoundedOverAllItsWork() {
        worker(1, "a", 20);
        submit("q", "t", 6);
        for (int i = 0; i < 4; i++) {
            on(new Failed(1, "q-w" + i, 1, FailureKind.INTERNAL, "x"));
            assertThat(all(QueryFailed.class)).isEmpty();
        }
        on(new Failed(1, "q-w4", 1, FailureKind.INTERNAL, "x"));
        assertThat(one(QueryFailed.class).message()).contains("4 retries are used up");
    }

    @Test
    void anArtifactThatCannotBeFetchedRunsAgainElsewhere() {
        worker(1, "a", 10);
        submit("q", "t", 1);
        SendAssign assign = one(SendAssign.class);
        worker(2, "b", 10);
        on(ready(assign));
        on(new FetchFailed("q-w0", 1, FailureKind.CHECKSUM_MISMATCH, "bits"));
        assertThat(one(SendAssign.class).session()).isEqualTo(2);
        assertThat(one(SendCancel.class).session()).isEqualTo(1);
        assertThat(effects).contains(new Count(Counter.CHECKSUM_MISMATCH));
    }

    @Test
    void anEvictedArtifactRunsAgain() {
        worker(1, "a", 10);
        submit("q", "t", 1);
        SendAssign assign = one(SendAssign.class);
        worker(2, "b", 10);
        on(ready(assign));
        on(new Failed(1, "q-w0", 1, FailureKind.ARTIFACT_LOST, "evicted"));
        assertThat(one(CoordinatorEffect.AbortFetch.class).attempt()).isEqualTo(1);
        assertThat(one(SendAssign.class).session()).isEqualTo(2);
    }

    @Test
    void duplicatesAreCountedAndDropped() {
        worker(1, "a", 10);
        submit("q", "t", 2);
        SendAssign assign = all(SendAssign.class).getFirst();
        on(ready(assign));
        on(ready(assign));
        assertThat(effects).containsExactly(new Count(Counter.DUPLICATE_DROPPED));
        on(new Fetched(assign.workId(), 1));
        on(ready(assign));
        assertThat(effects).containsExactly(new Count(Counter.DUPLICATE_DROPPED));
        on(new Fetched(assign.workId(), 1));
        assertThat(effects).containsExactly(new DiscardFetched(assign.workId(), 1));
        on(new Ready(1, "q", 5, "q-w1", 1, "c1"));
        assertThat(effects).as("another leaf's").containsExactly(new Count(Counter.STALE_DROPPED));
    }

    @Test
    void cancelStopsEverythingAndForgetsTheQuery() {
        worker(1, "a", 2);
        submit("q", "t", 4);
        on(ready(all(SendAssign.class).getFirst()));
        on(new CancelQuery("q", "client went away"));
        assertThat(all(SendCancel.class)).hasSize(3);
        assertThat(all(CoordinatorEffect.AbortFetch.class)).hasSize(1);
        assertThat(all(QueryFailed.class)).isEmpty();
        assertThat(coordinator.worksTracked()).isZero();
        assertThat(coordinator.queued(Priority.INTERACTIVE)).isZero();
        assertThat(coordinator.inFlight()).isZero();
        on(new CancelQuery("q", "again"));
        assertThat(effects).isEmpty();
    }

    @Test
    void theDeadlineFailsTheQueryAndStopsItsWork() {
        worker(1, "a", 10);
        on(new Submit("q", "t", now + 500, List.of(new Unit(0, "w", "k"))));
        assertThat(coordinator.nextTimerMillis()).isEqualTo(now + 500);
        now += 500;
        on(new Tick());
        assertThat(one(QueryFailed.class).kind()).isEqualTo(FailureKind.DEADLINE_EXCEEDED);
        assertThat(one(SendCancel.class).workId()).isEqualTo("w");
        on(new Submit("q2", "t", now, List.of(new Unit(0, "w", "k"))));
        assertThat(one(SubmitRefused.class).kind()).isEqualTo(FailureKind.DEADLINE_EXCEEDED);
    }

    @Test
    void theQueueAndItsIdsAreBounded() {
        worker(1, "a", 1);
        submit("q1", "t", 15);
        submit("q2", "t", 6);
        assertThat(one(SubmitRefused.class).kind()).isEqualTo(FailureKind.QUEUE_FULL);
        assertThat(one(SubmitRefused.class).message()).contains("the limit is 20");
        submit("q1", "t", 1);
        assertThat(one(SubmitRefused.class).kind()).isEqualTo(FailureKind.DUPLICATE_ID);
        on(new Submit("q3", "t", now + 10, List.of(new Unit(0, "q1-w3", "k"))));
        assertThat(one(SubmitRefused.class).kind()).isEqualTo(FailureKind.DUPLICATE_ID);
        for (int i = 0; i < 4; i++) {
            submit("more" + i, "t", 1);
        }
        submit("toomany", "t", 1);
        assertThat(one(SubmitRefused.class).message()).contains("5 running queries");
    }

    @Test
    void aWorkerThatFailedWorkGetsItBackOnlyWhenNoOtherAccepts() {
        worker(1, "a", 10);
        submit("q", "t", 1);
        on(new SessionOpened(2, "b", "r", "at-b", true, false, 0));
        on(new Failed(1, "q-w0", 1, FailureKind.INTERNAL, "x"));
        assertThat(all(SendAssign.class))
                .as("b accepts work but has no room: wait for it")
                .isEmpty();
        on(new StatusReceived(2, false, true, 0));
        assertThat(one(SendAssign.class).session()).isEqualTo(1);
    }

    @Test
    void badLimitsAreNamed() {
        assertThatThrownBy(() -> new CoordinatorLimits(HeartbeatLimits.DEFAULT, 0, 5, 3, 6, 4, 100, 3, 2_000, 5_000))
                .hasMessage("works at once is 0; set it to a value from 1 to 10000000");
    }
}
