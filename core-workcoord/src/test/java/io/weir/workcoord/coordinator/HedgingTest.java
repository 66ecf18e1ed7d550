package io.weir.workcoord.coordinator;

import static io.weir.workcoord.coordinator.CoordinatorFixture.ready;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.coordinator.CoordinatorEffect.AbortFetch;
import io.weir.workcoord.coordinator.CoordinatorEffect.Commit;
import io.weir.workcoord.coordinator.CoordinatorEffect.Count;
import io.weir.workcoord.coordinator.CoordinatorEffect.Counter;
import io.weir.workcoord.coordinator.CoordinatorEffect.DiscardFetched;
import io.weir.workcoord.coordinator.CoordinatorEffect.QueryCompleted;
import io.weir.workcoord.coordinator.CoordinatorEffect.QueryFailed;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendAck;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendAssign;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendCancel;
import io.weir.workcoord.coordinator.CoordinatorEffect.StartFetch;
import io.weir.workcoord.coordinator.CoordinatorEvent.Accepted;
import io.weir.workcoord.coordinator.CoordinatorEvent.CancelQuery;
import io.weir.workcoord.coordinator.CoordinatorEvent.Failed;
import io.weir.workcoord.coordinator.CoordinatorEvent.FetchFailed;
import io.weir.workcoord.coordinator.CoordinatorEvent.Fetched;
import io.weir.workcoord.coordinator.CoordinatorEvent.Rejected;
import io.weir.workcoord.coordinator.CoordinatorEvent.SessionClosed;
import io.weir.workcoord.coordinator.CoordinatorEvent.StatusReceived;
import io.weir.workcoord.coordinator.CoordinatorEvent.Tick;
import java.util.List;
import org.junit.jupiter.api.Test;

/** One test per rule of second attempts at stragglers. */
final class HedgingTest {
    private static final HedgeLimits HALF = new HedgeLimits(50, 500, 300);
    private static final String LAST = "q-w3";

    private CoordinatorFixture test = new CoordinatorFixture(CoordinatorFixture.LIMITS.withHedge(HALF));

    /** Worker a has the four pieces of q; three are committed after 200 ms, the last one is accepted. */
    private void allButOneDone(HedgeLimits hedge) {
        test = new CoordinatorFixture(CoordinatorFixture.LIMITS.withHedge(hedge));
        test.worker(1, "a", 10);
        test.submit("q", "t", 4);
        List<SendAssign> assigned = test.all(SendAssign.class);
        test.now += 200;
        assigned.forEach(assign -> test.on(new Accepted(1, assign.workId(), 1)));
        for (SendAssign assign : assigned.subList(0, 3)) {
            test.on(ready(assign));
            test.on(new Fetched(assign.workId(), 1));
        }
    }

    /** The last piece, of worker a, has a second attempt on worker b. */
    private void hedged() {
        allButOneDone(HALF);
        test.worker(2, "b", 10);
        test.now += 400;
        test.on(new Tick());
        assertThat(test.one(SendAssign.class)).isEqualTo(new SendAssign(2, "q", 0, LAST, 2, "key3", 59_400, true));
    }

    private CoordinatorEvent.Ready readyOf(long session, int attempt) {
        return new CoordinatorEvent.Ready(session, "q", 0, LAST, attempt, "c" + attempt);
    }

    private void inFlight(int ofA, int ofB) {
        assertThat(test.workerOf(1).inFlight()).isEqualTo(ofA);
        assertThat(test.workerOf(2).inFlight()).isEqualTo(ofB);
        assertThat(test.coordinator.inFlight()).isEqualTo(ofA + ofB);
    }

    @Test
    void hedgingIsOffByDefault() {
        assertThat(CoordinatorLimits.DEFAULT.hedge().isOff()).isTrue();
        allButOneDone(HedgeLimits.OFF);
        test.worker(2, "b", 10);
        test.pass(30_000);
        assertThat(test.all(SendAssign.class)).isEmpty();
        assertThat(test.hedge(LAST)).isNull();
    }

    @Test
    void aStragglerGetsASecondAttemptElsewhereWhenItIsDue() {
        allButOneDone(HALF);
        test.worker(2, "b", 10);
        assertThat(test.coordinator.nextTimerMillis()).as("3 x 200 ms").isEqualTo(1_600);
        test.now = 1_599;
        test.on(new Tick());
        assertThat(test.effects).isEmpty();
        test.now = 1_600;
        test.on(new Tick());
        assertThat(test.effects)
                .containsExactly(new Count(Counter.HEDGED), new SendAssign(2, "q", 0, LAST, 2, "key3", 59_400, true));
        assertThat(test.hedge(LAST)).isEqualTo(new WorkSnapshot.Hedge(WorkState.ASSIGNED, 2, 2));
        assertThat(test.work(LAST))
                .extracting(WorkSnapshot::attempt, WorkSnapshot::session)
                .containsExactly(1, 1L);
        inFlight(1, 1);
        assertThat(test.coordinator.nextTimerMillis()).as("a's heartbeat").isEqualTo(2_000);
        test.on(new Accepted(2, LAST, 2));
        assertThat(test.effects).containsExactly(new Count(Counter.ACCEPTED));
        assertThat(test.hedge(LAST)).isEqualTo(new WorkSnapshot.Hedge(WorkState.ACCEPTED, 2, 2));
    }

    @Test
    void aPieceYoungerThanTheMinimumIsNoStraggler() {
        allButOneDone(new HedgeLimits(50, 700, 300));
        test.worker(2, "b", 10);
        test.now = 1_699;
        test.on(new Tick());
        assertThat(test.all(SendAssign.class)).isEmpty();
        test.now = 1_700;
        test.on(new Tick());
        assertThat(test.one(SendAssign.class).hedge()).isTrue();
    }

    @Test
    void beforeHalfOfAQueryIsDoneNothingIsKnownOfItsStragglers() {
        test.worker(1, "a", 10);
        test.submit("q", "t", 4);
        List<SendAssign> assigned = test.all(SendAssign.class);
        test.worker(2, "b", 10);
        test.on(ready(assigned.get(0)));
        test.on(new Fetched("q-w0", 1));
        test.pass(20_000);
        assertThat(test.all(SendAssign.class)).isEmpty();
        test.on(ready(assigned.get(1)));
        assertThat(test.all(SendAssign.class)).as("ready is not done").isEmpty();
        test.on(new Fetched("q-w1", 1));
        assertThat(test.all(SendAssign.class))
                .as("the upper median of 0 and 20 s")
                .isEmpty();
        test.pass(39_999);
        assertThat(test.all(SendAssign.class)).isEmpty();
    }

    @Test
    void theMedianIsOfWhatIsDone() {
        test = new CoordinatorFixture(CoordinatorFixture.LIMITS.withHedge(new HedgeLimits(50, 1, 200)));
        test.worker(1, "a", 10);
        test.submit("q", "t", 6);
        List<SendAssign> assigned = test.all(SendAssign.class);
        test.worker(2, "b", 10);
        for (int i = 0; i < 3; i++) {
            test.now += 100;
            test.on(ready(assigned.get(i)));
            test.now += 50;
            test.on(new Fetched("q-w" + i, 1));
        }
        // They worked for 100, 250 and 400 ms; what the fetch took does not count.
        assertThat(test.coordinator.nextTimerMillis()).isEqualTo(1_000 + 2 * 250);
        test.now = 1_500;
        test.on(new Tick());
        assertThat(test.all(SendAssign.class)).extracting(SendAssign::workId).containsExactly("q-w3", "q-w4", "q-w5");
    }

    @Test
    void theFirstArtifactOfTheHedgeWinsAndTheOtherAttemptIsCanceled() {
        hedged();
        test.on(readyOf(2, 2));
        assertThat(test.effects).containsExactly(new StartFetch("q", LAST, 2, "b", "c2"));
        assertThat(test.state(LAST)).as("the first attempt goes on meanwhile").isEqualTo(WorkState.ACCEPTED);
        inFlight(1, 0);
        test.on(new Fetched(LAST, 2));
        assertThat(test.effects)
                .containsExactly(
                        new Commit("q", LAST, 2, "b"),
                        new SendAck(2, LAST, 2),
                        new Count(Counter.HEDGE_WON),
                        new SendCancel(1, LAST, "another attempt's artifact is committed"),
                        new QueryCompleted("q"));
        inFlight(0, 0);
        assertThat(test.coordinator.worksTracked()).isZero();
        test.on(readyOf(1, 1));
        assertThat(test.effects).containsExactly(new Count(Counter.STALE_DROPPED));
    }

    @Test
    void theFirstAttemptMayStillWin() {
        hedged();
        test.on(readyOf(1, 1));
        assertThat(test.effects).containsExactly(new StartFetch("q", LAST, 1, "a", "c1"));
        test.on(new Fetched(LAST, 1));
        assertThat(test.effects)
                .containsExactly(
                        new Commit("q", LAST, 1, "a"),
                        new SendAck(1, LAST, 1),
                        new SendCancel(2, LAST, "another attempt's artifact is committed"),
                        new QueryCompleted("q"));
        inFlight(0, 0);
    }

    @Test
    void aCommittedPieceOfARunningQueryForgetsItsOtherAttempt() {
        test.worker(1, "a", 10);
        test.submit("q", "t", 4);
        List<SendAssign> assigned = test.all(SendAssign.class);
        for (SendAssign assign : assigned.subList(0, 2)) {
            test.on(ready(assign));
            test.on(new Fetched(assign.workId(), 1));
        }
        test.worker(2, "b", 10);
        test.pass(600);
        assertThat(test.all(SendAssign.class)).extracting(SendAssign::workId).containsExactly("q-w2", LAST);
        test.on(readyOf(2, 2));
        test.on(new Fetched(LAST, 2));
        assertThat(test.work(LAST)).isEqualTo(new WorkSnapshot("q", "t", LAST, WorkState.COMMITTED, 2, 0, 0, null));
        inFlight(1, 1);
        test.on(readyOf(1, 1));
        assertThat(test.effects)
                .as("it crossed the cancellation")
                .containsExactly(new Count(Counter.DUPLICATE_DROPPED));
    }

    @Test
    void aSecondArtifactIsDeletedAndCounted() {
        hedged();
        test.on(readyOf(1, 1));
        test.on(readyOf(2, 2));
        assertThat(test.effects)
                .containsExactly(
                        new Count(Counter.DUPLICATE_DROPPED),
                        new SendCancel(2, LAST, "another attempt finished first"));
        assertThat(test.hedge(LAST)).isNull();
        inFlight(0, 0);
        test.on(readyOf(1, 1));
        assertThat(test.effects).containsExactly(new Count(Counter.DUPLICATE_DROPPED));
        test.on(new FetchFailed(LAST, 1, FailureKind.FETCH_FAILED, "reset"));
        assertThat(test.one(SendAssign.class))
                .as("nothing else ran: the work is queued again, and b has not failed it")
                .isEqualTo(new SendAssign(2, "q", 0, LAST, 3, "key3", 59_400, false));
        assertThat(test.work(LAST).failures()).isEqualTo(1);
    }

    @Test
    void theFirstAttemptsArtifactMayBeTheSecond() {
        hedged();
        test.on(readyOf(2, 2));
        test.on(readyOf(1, 1));
        assertThat(test.effects)
                .containsExactly(
                        new Count(Counter.DUPLICATE_DROPPED),
                        new SendCancel(1, LAST, "another attempt finished first"));
        assertThat(test.work(LAST)).isEqualTo(new WorkSnapshot("q", "t", LAST, WorkState.READY, 2, 0, 2, null));
        test.on(new Fetched(LAST, 2));
        assertThat(test.effects).contains(new Count(Counter.HEDGE_WON), new QueryCompleted("q"));
    }

    @Test
    void theFirstAttemptsLossPromotesTheHedge() {
        hedged();
        test.on(new SessionClosed(1, "reset"));
        assertThat(test.effects).as("nothing is assigned, nothing counted").isEmpty();
        assertThat(test.work(LAST)).isEqualTo(new WorkSnapshot("q", "t", LAST, WorkState.ASSIGNED, 2, 0, 2, null));
        test.on(readyOf(2, 2));
        test.on(new Fetched(LAST, 2));
        assertThat(test.effects).contains(new Count(Counter.HEDGE_WON), new QueryCompleted("q"));
    }

    @Test
    void theHedgesLossLeavesTheFirstAttemptAlone() {
        hedged();
        test.on(readyOf(2, 2));
        test.on(new SessionClosed(2, "reset"));
        assertThat(test.effects).containsExactly(new AbortFetch(LAST, 2));
        assertThat(test.work(LAST)).isEqualTo(new WorkSnapshot("q", "t", LAST, WorkState.ACCEPTED, 1, 0, 1, null));
        test.on(new Fetched(LAST, 2));
        assertThat(test.effects).containsExactly(new DiscardFetched(LAST, 2));
    }

    @Test
    void workWhoseTwoWorkersFallSilentAtOnceIsQueuedOnce() {
        hedged();
        test.now += 1_400;
        test.on(new Tick());
        test.now += 1_400;
        test.on(new Tick());
        assertThat(test.all(CoordinatorEffect.CloseSession.class)).hasSize(2);
        assertThat(test.effects)
                .filteredOn(new Count(Counter.REASSIGNED)::equals)
                .hasSize(1);
        assertThat(test.work(LAST)).isEqualTo(new WorkSnapshot("q", "t", LAST, WorkState.QUEUED, 2, 1, 0, null));
        assertThat(test.coordinator.queued(Priority.INTERACTIVE)).isEqualTo(1);
        test.worker(3, "b", 10);
        assertThat(test.one(SendAssign.class))
                .extracting(SendAssign::attempt, SendAssign::hedge)
                .containsExactly(3, false);
        test.on(readyOf(3, 3));
        test.on(new Fetched(LAST, 3));
        assertThat(test.effects).as("no hedge won").doesNotContain(new Count(Counter.HEDGE_WON));
    }

    @Test
    void theFirstAttemptsFailurePromotesTheHedge() {
        hedged();
        test.on(new Failed(1, LAST, 1, FailureKind.OUT_OF_MEMORY, "heap"));
        assertThat(test.effects).isEmpty();
        assertThat(test.work(LAST)).isEqualTo(new WorkSnapshot("q", "t", LAST, WorkState.ASSIGNED, 2, 0, 2, null));
        test.on(new Failed(2, LAST, 2, FailureKind.OUT_OF_MEMORY, "heap"));
        assertThat(test.work(LAST).failures()).as("nothing beside it").isEqualTo(1);
    }

    @Test
    void noFailureOfTheHedgeFailsTheQuery() {
        for (FailureKind kind : FailureKind.values()) {
            hedged();
            test.on(new Failed(2, LAST, 2, kind, "boom"));
            assertThat(test.effects).as("%s", kind).isEmpty();
            assertThat(test.work(LAST)).isEqualTo(new WorkSnapshot("q", "t", LAST, WorkState.ACCEPTED, 1, 0, 1, null));
            inFlight(1, 0);
        }
    }

    @Test
    void aFinalFailureOfTheFirstAttemptFailsTheQueryUnlessTheHedgeHasFinished() {
        hedged();
        test.on(new Failed(1, LAST, 1, FailureKind.MISSING_OBJECT, "gone"));
        assertThat(test.one(QueryFailed.class).kind()).isEqualTo(FailureKind.MISSING_OBJECT);
        assertThat(test.one(SendCancel.class).session()).isEqualTo(2);

        hedged();
        test.on(readyOf(2, 2));
        test.on(new Failed(1, LAST, 1, FailureKind.MISSING_OBJECT, "gone"));
        assertThat(test.effects).isEmpty();
        test.on(new Fetched(LAST, 2));
        assertThat(test.effects).contains(new QueryCompleted("q"));
    }

    @Test
    void aFetchThatFailsLeavesTheOtherAttemptRunning() {
        hedged();
        test.on(readyOf(1, 1));
        test.on(new FetchFailed(LAST, 1, FailureKind.CHECKSUM_MISMATCH, "bits"));
        assertThat(test.effects)
                .containsExactly(
                        new Count(Counter.CHECKSUM_MISMATCH),
                        new SendCancel(1, LAST, "its artifact could not be fetched"));
        assertThat(test.work(LAST)).isEqualTo(new WorkSnapshot("q", "t", LAST, WorkState.ASSIGNED, 2, 0, 2, null));

        hedged();
        test.on(readyOf(2, 2));
        test.on(new FetchFailed(LAST, 2, FailureKind.FETCH_FAILED, "reset"));
        assertThat(test.one(SendCancel.class).session()).isEqualTo(2);
        assertThat(test.work(LAST)).isEqualTo(new WorkSnapshot("q", "t", LAST, WorkState.ACCEPTED, 1, 0, 1, null));
    }

    @Test
    void aRejectedOrHandedBackHedgeIsForgotten() {
        hedged();
        test.on(new Rejected(2, LAST, 2, "disk full"));
        assertThat(test.effects).containsExactly(new Count(Counter.REJECTED));
        assertThat(test.work(LAST)).isEqualTo(new WorkSnapshot("q", "t", LAST, WorkState.ACCEPTED, 1, 0, 1, null));
        test.on(new StatusReceived(2, true, false, 10));
        assertThat(test.all(SendAssign.class)).as("not there again").isEmpty();

        hedged();
        test.on(new Failed(2, LAST, 2, FailureKind.HANDED_BACK, "draining"));
        assertThat(test.effects).isEmpty();
        assertThat(test.hedge(LAST)).isNull();
    }

    @Test
    void aDrainingWorkerLosesAHedgeItHasNotAccepted() {
        hedged();
        test.on(new StatusReceived(2, false, true, 0));
        assertThat(test.effects).containsExactly(new SendCancel(2, LAST, "moved: the worker stopped accepting work"));
        assertThat(test.hedge(LAST)).isNull();
        inFlight(1, 0);
    }

    @Test
    void aPieceHasOneHedgeAtATimeAndAQueryItsBudget() {
        allButOneDone(new HedgeLimits(26, 500, 300));
        test.worker(2, "b", 10);
        test.worker(3, "c", 10);
        test.now += 400;
        test.on(new Tick());
        SendAssign first = test.one(SendAssign.class);
        test.pass(5_000);
        assertThat(test.all(SendAssign.class)).as("one at a time").isEmpty();
        test.on(new Failed(first.session(), LAST, 2, FailureKind.INTERNAL, "x"));
        SendAssign second = test.one(SendAssign.class);
        assertThat(second.session()).as("a worker that has not tried it").isEqualTo(5 - first.session());
        assertThat(second.attempt()).isEqualTo(3);
        assertThat(second.hedge()).isTrue();
        test.on(new Failed(second.session(), LAST, 3, FailureKind.INTERNAL, "x"));
        test.pass(5_000);
        assertThat(test.all(SendAssign.class)).as("26 % of 4, rounded up, is 2").isEmpty();
    }

    @Test
    void theBudgetEndsWithinAStepToo() {
        test = new CoordinatorFixture(CoordinatorFixture.LIMITS.withHedge(new HedgeLimits(25, 500, 300)));
        test.worker(1, "a", 10);
        test.submit("q", "t", 4);
        List<SendAssign> assigned = test.all(SendAssign.class);
        for (SendAssign assign : assigned.subList(0, 2)) {
            test.on(ready(assign));
            test.on(new Fetched(assign.workId(), 1));
        }
        test.worker(2, "b", 10);
        test.now += 500;
        test.on(new Tick());
        assertThat(test.one(SendAssign.class).workId()).as("the oldest").isEqualTo("q-w2");
    }

    @Test
    void hedgesWaitForRoomThatNothingElseWants() {
        allButOneDone(HALF);
        test.worker(2, "b", 0);
        test.now = 1_600;
        test.on(new Tick());
        assertThat(test.coordinator.nextTimerMillis())
                .as("b's heartbeat, not the straggler that is due")
                .isEqualTo(2_000);
        test.pass(2_000);
        assertThat(test.all(SendAssign.class)).as("b has no room").isEmpty();
        assertThat(test.coordinator.nextTimerMillis()).as("no timer for that").isEqualTo(test.now + 1_000);
        test.on(new StatusReceived(1, true, false, 1));
        test.submit("other", "t", 2);
        assertThat(test.coordinator.queued(Priority.INTERACTIVE)).isEqualTo(2);
        test.on(new StatusReceived(2, true, false, 1));
        assertThat(test.one(SendAssign.class))
                .as("what is queued comes first")
                .extracting(SendAssign::workId, SendAssign::hedge)
                .containsExactly("other-w0", false);
        test.on(new StatusReceived(2, true, false, 2));
        assertThat(test.one(SendAssign.class).workId()).isEqualTo("other-w1");
        test.on(new StatusReceived(2, true, false, 3));
        assertThat(test.one(SendAssign.class))
                .extracting(SendAssign::workId, SendAssign::hedge)
                .containsExactly(LAST, true);
    }

    @Test
    void theOnlyWorkerIsNotAskedTwice() {
        allButOneDone(HALF);
        test.pass(20_000);
        assertThat(test.hedge(LAST)).isNull();
    }

    @Test
    void assignmentsAreBoundedForHedgesToo() {
        allButOneDone(HALF);
        for (int attempt = 1; attempt <= 5; attempt++) {
            test.on(new Rejected(1, LAST, attempt, "no"));
            test.on(new StatusReceived(1, true, false, 10));
        }
        assertThat(test.work(LAST).attempt()).isEqualTo(6);
        test.worker(2, "b", 10);
        test.pass(10_000);
        assertThat(test.hedge(LAST)).isNull();
        assertThat(test.coordinator.nextTimerMillis()).as("no timer for that").isEqualTo(test.now + 1_000);
    }

    @Test
    void cancelStopsBothAttempts() {
        hedged();
        test.on(readyOf(2, 2));
        test.on(new CancelQuery("q", "client went away"));
        assertThat(test.effects)
                .containsExactly(
                        new SendCancel(1, LAST, "client went away"),
                        new AbortFetch(LAST, 2),
                        new SendCancel(2, LAST, "client went away"));
        inFlight(0, 0);
        assertThat(test.coordinator.worksTracked()).isZero();
    }

    @Test
    void ourOwnStallMakesNoStragglers() {
        allButOneDone(HALF);
        test.worker(2, "b", 10);
        test.now += 10_000;
        test.on(new Tick());
        assertThat(test.all(SendAssign.class))
                .as("its artifact may be waiting to be read")
                .isEmpty();
        assertThat(test.coordinator.nextTimerMillis()).isEqualTo(test.now + 500);
        test.now += 500;
        test.on(new Tick());
        assertThat(test.one(SendAssign.class).hedge()).isTrue();
    }

    @Test
    void aHedgeCountsInTheTurnOfItsQuery() {
        hedged();
        test.on(new StatusReceived(1, true, false, 0));
        test.on(new StatusReceived(2, true, false, 1));
        test.submit("one", "t", 2);
        test.on(new StatusReceived(2, true, false, 2));
        assertThat(test.one(SendAssign.class).workId()).isEqualTo("one-w0");
        test.submit("two", "t", 1);
        test.on(new StatusReceived(2, true, false, 3));
        assertThat(test.one(SendAssign.class).workId())
                .as("it has less on workers")
                .isEqualTo("two-w0");
    }

    @Test
    void badLimitsAreNamed() {
        assertThatThrownBy(() -> new HedgeLimits(101, 1, 100)).hasMessageContaining("hedged work of a query (percent)");
        assertThatThrownBy(() -> new HedgeLimits(-1, 1, 100)).hasMessageContaining("hedged work of a query (percent)");
        assertThatThrownBy(() -> new HedgeLimits(1, 0, 100)).hasMessageContaining("age before hedging (ms)");
        assertThatThrownBy(() -> new HedgeLimits(1, 3_600_001, 100)).hasMessageContaining("age before hedging (ms)");
        assertThatThrownBy(() -> new HedgeLimits(1, 1, 99)).hasMessageContaining("percent of the median");
        assertThatThrownBy(() -> new HedgeLimits(1, 1, 10_001)).hasMessageContaining("percent of the median");
        assertThat(new HedgeLimits(100, 3_600_000, 10_000).budget(7)).isEqualTo(7);
        assertThat(new HedgeLimits(1, 1, 100).budget(101)).isEqualTo(2);
        assertThat(new HedgeLimits(0, 1, 100).budget(100)).isZero();
    }

    @Test
    void theMedianOfAnEvenNumberIsTheUpperOne() {
        RunningMedian median = new RunningMedian();
        long[] values = {5, 1, 9, 7, 7, 2};
        long[] medians = {5, 5, 5, 7, 7, 7};
        for (int i = 0; i < values.length; i++) {
            median.add(values[i]);
            assertThat(median.median()).isEqualTo(medians[i]);
            assertThat(median.count()).isEqualTo(i + 1);
        }
    }
}
