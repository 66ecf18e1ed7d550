package io.weir.workcoord.coordinator;

import static io.weir.workcoord.coordinator.CoordinatorFixture.LIMITS;
import static io.weir.workcoord.coordinator.CoordinatorFixture.ready;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.coordinator.CoordinatorEffect.AbortFetch;
import io.weir.workcoord.coordinator.CoordinatorEffect.CloseReason;
import io.weir.workcoord.coordinator.CoordinatorEffect.CloseSession;
import io.weir.workcoord.coordinator.CoordinatorEffect.Count;
import io.weir.workcoord.coordinator.CoordinatorEffect.Counter;
import io.weir.workcoord.coordinator.CoordinatorEffect.DiscardFetched;
import io.weir.workcoord.coordinator.CoordinatorEffect.QueryCompleted;
import io.weir.workcoord.coordinator.CoordinatorEffect.QueryFailed;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendAssign;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendCancel;
import io.weir.workcoord.coordinator.CoordinatorEffect.StartFetch;
import io.weir.workcoord.coordinator.CoordinatorEffect.SubmitAccepted;
import io.weir.workcoord.coordinator.CoordinatorEffect.SubmitRefused;
import io.weir.workcoord.coordinator.CoordinatorEvent.Accepted;
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
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the coordinator does about messages that come late, twice or from the wrong side, and its exact bookkeeping. */
final class CoordinatorRobustnessTest {
    private final CoordinatorFixture test = new CoordinatorFixture(LIMITS);
    private static final Count STALE = new Count(Counter.STALE_DROPPED);

    @Test
    void messagesOfASessionThatIsGoneAreCountedAndChangeNothing() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        for (CoordinatorEvent late : List.of(
                new StatusReceived(9, false, true, 0),
                new Accepted(9, "q-w0", 1),
                new Rejected(9, "q-w0", 1, "no"),
                new Ready(9, "q", 0, "q-w0", 1, "c"),
                new Failed(9, "q-w0", 1, FailureKind.BAD_QUERY, "x"))) {
            assertThat(test.on(late)).as("%s", late).containsExactly(STALE);
        }
        assertThat(test.on(new HeartbeatReceived(9, 1, false))).isEmpty();
        assertThat(test.on(new SessionClosed(9, "late"))).isEmpty();
        assertThat(test.state("q-w0")).isEqualTo(WorkState.ASSIGNED);
    }

    @Test
    void messagesAboutWorkThatIsNotThatWorkersAreCountedAndChangeNothing() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        test.worker(2, "b", 1);
        for (CoordinatorEvent stray : List.of(
                new Accepted(2, "q-w0", 1),
                new Accepted(1, "q-w0", 2),
                new Accepted(1, "unknown", 1),
                new Failed(2, "q-w0", 1, FailureKind.BAD_QUERY, "x"),
                new Ready(2, "q", 0, "q-w0", 1, "c"),
                new Ready(1, "q", 0, "unknown", 1, "c"),
                new Ready(1, "other", 0, "q-w0", 1, "c"),
                new Ready(1, "q", 1, "q-w0", 1, "c"),
                new FetchFailed("q-w0", 1, FailureKind.FETCH_FAILED, "x"),
                new FetchFailed("unknown", 1, FailureKind.FETCH_FAILED, "x"))) {
            assertThat(test.on(stray)).as("%s", stray).containsExactly(STALE);
        }
        assertThat(test.on(new Fetched("q-w0", 1))).containsExactly(new DiscardFetched("q-w0", 1));
        assertThat(test.on(new Fetched("unknown", 7))).containsExactly(new DiscardFetched("unknown", 7));
        assertThat(test.state("q-w0")).isEqualTo(WorkState.ASSIGNED);
    }

    @Test
    void aSecondAcceptanceChangesNothing() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        assertThat(test.on(new Accepted(1, "q-w0", 1))).containsExactly(new Count(Counter.ACCEPTED));
        assertThat(test.on(new Accepted(1, "q-w0", 1))).isEmpty();
        test.on(new Ready(1, "q", 0, "q-w0", 1, "c"));
        assertThat(test.on(new Accepted(1, "q-w0", 1)))
                .as("it comes behind its artifact")
                .isEmpty();
        assertThat(test.on(new Rejected(1, "q-w0", 1, "confused")))
                .as("it has an artifact, which is being fetched")
                .containsExactly(new Count(Counter.REJECTED));
        assertThat(test.state("q-w0")).isEqualTo(WorkState.READY);
    }

    @Test
    void aSecondRejectionOfWorkThatWaitsIsLate() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        test.on(new Rejected(1, "q-w0", 1, "no"));
        assertThat(test.on(new Rejected(1, "q-w0", 1, "no"))).containsExactly(STALE);
        assertThat(test.work("q-w0")).isEqualTo(new WorkSnapshot("q", "t", "q-w0", WorkState.QUEUED, 1, 0, 0, null));
    }

    @Test
    void aSecondReadyWithAnotherChecksumIsADuplicateToo() {
        test.worker(1, "a", 2);
        test.submit("q", "t", 2);
        test.on(new Ready(1, "q", 0, "q-w0", 1, "first"));
        assertThat(test.effects).containsExactly(new StartFetch("q", "q-w0", 1, "a", "first"));
        assertThat(test.on(new Ready(1, "q", 0, "q-w0", 1, "second")))
                .containsExactly(new Count(Counter.DUPLICATE_DROPPED));
        test.on(new Fetched("q-w0", 1));
        assertThat(test.on(new Ready(1, "q", 0, "q-w0", 1, "third")))
                .containsExactly(new Count(Counter.DUPLICATE_DROPPED));
    }

    @Test
    void aRepeatedHelloOfALiveSessionChangesNothing() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        test.worker(1, "a", 1);
        assertThat(test.effects).isEmpty();
        assertThat(test.workerOf(1).inFlight()).isEqualTo(1);
    }

    @Test
    void aWorkerThatComesBackResumesItsNameButNotItsWork() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        test.on(new Accepted(1, "q-w0", 1));
        test.on(new SessionClosed(1, "blip"));
        assertThat(test.work("q-w0")).isEqualTo(new WorkSnapshot("q", "t", "q-w0", WorkState.QUEUED, 1, 1, 0, null));
        test.worker(2, "a", 1);
        assertThat(test.one(SendAssign.class)).isEqualTo(new SendAssign(2, "q", 0, "q-w0", 2, "key0", 60_000, false));
        assertThat(test.on(new Ready(2, "q", 0, "q-w0", 1, "c")))
                .as("the old attempt")
                .containsExactly(STALE);
        test.on(new Ready(2, "q", 0, "q-w0", 2, "c"));
        test.on(new Fetched("q-w0", 2));
        assertThat(test.effects).contains(new QueryCompleted("q"));
    }

    @Test
    void aBackOffDoublesAndEnds() {
        CoordinatorFixture alone = new CoordinatorFixture(
                new CoordinatorLimits(HeartbeatLimits.DEFAULT, 20, 5, 100, 100, 100, 10, 3, 2_000, 5_000));
        alone.worker(1, "a", 1);
        alone.submit("q", "t", 1);
        for (int failure = 1; failure <= 13; failure++) {
            alone.on(new Failed(1, "q-w0", failure, FailureKind.INTERNAL, "x"));
            assertThat(alone.all(SendAssign.class)).isEmpty();
            long waitMillis = Math.min(10L << (failure - 1), 10_240);
            long due = alone.now + waitMillis;
            while (alone.now + 900 < due) {
                alone.now += 900;
                alone.on(new HeartbeatReceived(1, 1, true));
                assertThat(alone.all(SendAssign.class)).isEmpty();
            }
            assertThat(alone.coordinator.nextTimerMillis()).isLessThanOrEqualTo(due);
            alone.now = due - 1;
            alone.on(new HeartbeatReceived(1, 1, true));
            assertThat(alone.all(SendAssign.class)).isEmpty();
            alone.now = due;
            alone.on(new HeartbeatReceived(1, 1, true));
            assertThat(alone.one(SendAssign.class).attempt()).isEqualTo(failure + 1);
        }
    }

    @Test
    void aBackOffThatIsOverWaitsForRoomWithoutATimer() {
        CoordinatorFixture alone = new CoordinatorFixture(
                new CoordinatorLimits(HeartbeatLimits.DEFAULT, 20, 5, 100, 100, 100, 10, 3, 2_000, 5_000));
        alone.worker(1, "a", 1);
        alone.submit("q", "t", 1);
        alone.on(new Failed(1, "q-w0", 1, FailureKind.INTERNAL, "x"));
        alone.submit("other", "t", 1);
        assertThat(alone.one(SendAssign.class).workId()).isEqualTo("other-w0");
        assertThat(alone.coordinator.nextTimerMillis()).isEqualTo(1_010);
        alone.now = 1_010;
        alone.on(new Tick());
        assertThat(alone.all(SendAssign.class)).as("a is full").isEmpty();
        assertThat(alone.coordinator.nextTimerMillis()).as("a's heartbeat").isEqualTo(2_000);
    }

    @Test
    void theLossOfAWorkerHasNoBackOff() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        test.on(new SessionClosed(1, "reset"));
        test.worker(2, "a", 1);
        assertThat(test.all(SendAssign.class)).hasSize(1);
    }

    @Test
    void aReadyArtifactOfAHandedBackPieceRunsAgainAndCounts() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        test.worker(2, "b", 1);
        test.on(new Ready(1, "q", 0, "q-w0", 1, "c"));
        test.on(new Failed(1, "q-w0", 1, FailureKind.HANDED_BACK, "confused"));
        assertThat(test.effects).startsWith(new AbortFetch("q-w0", 1), new Count(Counter.REASSIGNED));
        assertThat(test.work("q-w0").failures()).isEqualTo(1);
    }

    @Test
    void messagesNameTheWorkerExceptWhenTheQueryItselfIsWrong() {
        for (FailureKind kind : List.of(FailureKind.BAD_QUERY, FailureKind.LIMIT_EXCEEDED)) {
            CoordinatorFixture fresh = new CoordinatorFixture(LIMITS);
            fresh.worker(1, "a", 1);
            fresh.submit("q", "t", 1);
            fresh.on(new Failed(1, "q-w0", 1, kind, "too many"));
            assertThat(fresh.effects).containsExactly(new QueryFailed("q", kind, "too many"));
        }
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        test.on(new Failed(1, "q-w0", 1, FailureKind.CORRUPT_OBJECT, "bits"));
        assertThat(test.effects).containsExactly(new QueryFailed("q", FailureKind.CORRUPT_OBJECT, "worker a: bits"));
    }

    @Test
    void theFailureOfOnePieceEndsItsQueryWhileItsWorkerIsBeingTakenOut() {
        CoordinatorFixture once = new CoordinatorFixture(
                new CoordinatorLimits(HeartbeatLimits.DEFAULT, 20, 5, 1, 1, 4, 100, 3, 2_000, 5_000));
        once.worker(1, "a", 10);
        once.submit("q", "t", 3);
        once.on(new Ready(1, "q", 0, "q-w2", 1, "c"));
        once.on(new SessionClosed(1, "reset"));
        assertThat(once.effects)
                .containsExactly(
                        new AbortFetch("q-w2", 1),
                        new QueryFailed(
                                "q",
                                FailureKind.RETRIES_EXHAUSTED,
                                "work q-w0: all 1 attempts failed; last: worker a lost: reset"));
        once.worker(2, "a", 10);
        once.submit("q", "t", 3);
        once.on(new StatusReceived(2, false, false, 0));
        assertThat(once.effects)
                .containsExactly(
                        new SendCancel(2, "q-w0", "moved: the worker stopped accepting work"),
                        new SendCancel(2, "q-w1", once.one(QueryFailed.class).message()),
                        new SendCancel(2, "q-w2", once.one(QueryFailed.class).message()),
                        new QueryFailed(
                                "q",
                                FailureKind.RETRIES_EXHAUSTED,
                                "work q-w0: it was assigned 1 times without being completed; last: no worker kept it"));
        assertThat(once.workerOf(2).inFlight()).isZero();
    }

    @Test
    void theLastFailureIsNamedWhenAssignmentsRunOut() {
        test.worker(1, "a", 10);
        test.submit("q", "t", 1);
        test.on(new Failed(1, "q-w0", 1, FailureKind.INTERNAL, "boom"));
        test.now += 100;
        test.on(new Tick());
        for (int attempt = 2; attempt <= 5; attempt++) {
            test.on(new Rejected(1, "q-w0", attempt, "no"));
            assertThat(test.on(new StatusReceived(1, true, false, 10))).isNotEmpty();
        }
        test.on(new Rejected(1, "q-w0", 6, "no"));
        assertThat(test.one(QueryFailed.class).message())
                .isEqualTo("work q-w0: it was assigned 6 times without being completed; last: worker a: boom");
    }

    @Test
    void retriesOfAQueryCountFailuresAndFetchesButNotLosses() {
        test.worker(1, "a", 20);
        test.submit("q", "t", 6);
        List<SendAssign> assigned = test.all(SendAssign.class);
        test.on(ready(assigned.get(0)));
        test.on(new FetchFailed("q-w0", 1, FailureKind.FETCH_FAILED, "x"));
        for (int i = 1; i <= 3; i++) {
            test.on(new Failed(1, "q-w" + i, 1, FailureKind.INTERNAL, "x"));
        }
        test.on(new SessionClosed(1, "reset"));
        test.worker(2, "a", 20);
        assertThat(test.coordinator.queriesRunning()).isEqualTo(1);
        test.now += 200;
        test.on(new Tick());
        test.on(new Failed(2, "q-w5", 2, FailureKind.INTERNAL, "last straw"));
        assertThat(test.one(QueryFailed.class))
                .isEqualTo(new QueryFailed(
                        "q",
                        FailureKind.RETRIES_EXHAUSTED,
                        "work q-w5: the query's 4 retries are used up; last: worker a: last straw"));
    }

    @Test
    void aFetchFailureNamesItsWorkerAndEndsTheWorkersCopy() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        for (int attempt = 1; attempt <= 3; attempt++) {
            test.on(new Ready(1, "q", 0, "q-w0", attempt, "c"));
            test.on(new FetchFailed("q-w0", attempt, FailureKind.FETCH_FAILED, "reset"));
            assertThat(test.effects)
                    .startsWith(new SendCancel(1, "q-w0", "its artifact could not be fetched"))
                    .doesNotContain(new Count(Counter.CHECKSUM_MISMATCH));
            if (attempt < 3) {
                test.now += 800;
                test.on(new HeartbeatReceived(1, 1, true));
                assertThat(test.one(SendAssign.class).attempt()).isEqualTo(attempt + 1);
            }
        }
        assertThat(test.one(QueryFailed.class).message())
                .isEqualTo("work q-w0: all 3 attempts failed; last: artifact of worker a: reset");
    }

    @Test
    void creditsBelowZeroAreNoneAndAStatusThatAcceptsTakesNothingBack() {
        test.on(new SessionOpened(1, "a", "r", "x", true, false, -3));
        assertThat(test.workerOf(1).credits()).isZero();
        test.on(new StatusReceived(1, true, false, 2));
        test.submit("q", "t", 2);
        test.on(new StatusReceived(1, true, false, -1));
        assertThat(test.effects).isEmpty();
        assertThat(test.workerOf(1))
                .extracting(WorkerSnapshot::credits, WorkerSnapshot::inFlight)
                .containsExactly(0, 2);
        test.on(new StatusReceived(1, true, true, 5));
        assertThat(test.all(SendCancel.class))
                .as("draining, though it says that it accepts")
                .hasSize(2);
        test.on(new StatusReceived(1, false, false, 5));
        assertThat(test.all(SendAssign.class)).isEmpty();
    }

    @Test
    void aWorkerThatOpensDrainingOrNotAcceptingGetsNothing() {
        test.on(new SessionOpened(1, "a", "r", "x", true, true, 5));
        test.on(new SessionOpened(2, "b", "r", "y", false, false, 5));
        test.submit("q", "t", 1);
        assertThat(test.effects).containsExactly(new SubmitAccepted("q"));
        assertThat(test.coordinator.placement("key0")).isEmpty();
        assertThat(test.coordinator.nextTimerMillis()).isEqualTo(2_000);
        test.pass(4_999);
        assertThat(test.coordinator.queriesRunning()).isEqualTo(1);
        assertThat(test.coordinator.nextTimerMillis()).isEqualTo(6_000);
        test.now = 6_000;
        test.on(new Tick());
        assertThat(test.one(QueryFailed.class))
                .isEqualTo(new QueryFailed(
                        "q",
                        FailureKind.NO_WORKERS,
                        "none of the 2 connected query workers accepts work (draining, or out of disk)"));
    }

    @Test
    void theWaitForWorkersStartsWithTheQueryAndEndsWithAWorker() {
        test.on(new SessionOpened(1, "a", "r", "x", false, false, 5));
        test.pass(3_000);
        test.submit("q", "t", 1);
        test.pass(4_999);
        assertThat(test.coordinator.queriesRunning()).isEqualTo(1);
        test.on(new StatusReceived(1, true, false, 0));
        test.pass(10_000);
        assertThat(test.coordinator.queriesRunning())
                .as("one accepts work, it is only full")
                .isEqualTo(1);
        test.on(new StatusReceived(1, false, false, 0));
        test.pass(4_999);
        assertThat(test.coordinator.queriesRunning()).as("the wait begins anew").isEqualTo(1);
        test.pass(1);
        assertThat(test.coordinator.queriesRunning()).isZero();
    }

    @Test
    void aQueryWhoseWorkIsAllAcceptedDoesNotWaitForWorkers() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        test.on(new Accepted(1, "q-w0", 1));
        test.on(new StatusReceived(1, false, true, 1));
        test.pass(10_000);
        assertThat(test.coordinator.queriesRunning()).as("a finishes it").isEqualTo(1);
        assertThat(test.coordinator.nextTimerMillis()).as("a's heartbeat").isEqualTo(test.now + 1_000);
    }

    @Test
    void severalSessionsThatEndInAStepAreSentNothing() {
        test.worker(1, "a", 10);
        test.worker(2, "b", 10);
        test.submit("q", "t", 20);
        test.now += 1_400;
        test.on(new Tick());
        test.now += 1_400;
        test.on(new Tick());
        test.now += 200;
        test.on(new Tick());
        assertThat(test.effects)
                .filteredOn(CoordinatorEffect.Send.class::isInstance)
                .isEmpty();
        assertThat(test.all(CloseSession.class))
                .containsExactly(
                        new CloseSession(1, CloseReason.SILENT, "no message for 3000 ms"),
                        new CloseSession(2, CloseReason.SILENT, "no message for 3000 ms"));
    }

    @Test
    void refusedSessionsAreToldWhy() {
        test.worker(5, "a", 1);
        test.on(new SessionOpened(6, "a", "x", "elsewhere", true, false, 10));
        assertThat(test.effects)
                .containsExactly(new CloseSession(
                        6,
                        CloseReason.DUPLICATE_IDENTITY,
                        "worker id a is live at at-a; elsewhere answers with the same id: give every worker its own, or"
                                + " list each address once"));
        test.on(new SessionOpened(4, "a", "x", "at-a", true, false, 10));
        assertThat(test.effects)
                .containsExactly(new CloseSession(4, CloseReason.OUTDATED, "a newer session of worker a is live"));
        test.worker(7, "b", 1);
        test.worker(8, "c", 1);
        test.worker(9, "d", 1);
        assertThat(test.effects)
                .containsExactly(new CloseSession(9, CloseReason.TOO_MANY_WORKERS, "the limit is 3 workers"));
        test.worker(10, "a", 1);
        assertThat(test.effects)
                .containsExactly(new CloseSession(5, CloseReason.SUPERSEDED, "replaced by a newer session"));
        assertThat(test.coordinator.workers())
                .extracting(WorkerSnapshot::session)
                .containsExactly(10L, 7L, 8L);
    }

    @Test
    void submissionsAreRefusedForWhatIsWrongWithThem() {
        test.worker(1, "a", 1);
        test.on(new Submit("q", "t", test.now + 1, List.of(new Unit(0, "w", "k"), new Unit(1, "w", "k"))));
        assertThat(test.effects)
                .containsExactly(
                        new SubmitRefused("q", FailureKind.DUPLICATE_ID, "work id w is in use; ids are unique"));
        test.submit("full", "t", 20);
        assertThat(test.all(SubmitAccepted.class)).hasSize(1);
        test.submit("more", "t", 1);
        assertThat(test.one(SubmitRefused.class))
                .isEqualTo(new SubmitRefused(
                        "more",
                        FailureKind.QUEUE_FULL,
                        "the queue of work is full: 20 pieces wait or run, this query has 1, the limit is 20"));
        assertThat(test.on(new Submit("empty", "t", test.now + 1, List.of())))
                .containsExactly(new SubmitAccepted("empty"), new QueryCompleted("empty"));
        assertThat(test.coordinator.queriesRunning()).isEqualTo(1);
        assertThat(test.coordinator.worksTracked()).isEqualTo(20);
    }

    @Test
    void theDeadlineNamesWhatIsMissing() {
        test.worker(1, "a", 10);
        test.on(new Submit(
                "q",
                "t",
                test.now + 500,
                List.of(new Unit(0, "w0", "k"), new Unit(0, "w1", "k"), new Unit(0, "w2", "k"))));
        test.on(new Ready(1, "q", 0, "w1", 1, "c"));
        test.on(new Fetched("w1", 1));
        test.now += 499;
        assertThat(test.on(new Tick())).isEmpty();
        test.now += 1;
        test.on(new Tick());
        assertThat(test.one(QueryFailed.class).message())
                .isEqualTo("the query's deadline passed with 2 of 3 pieces of work unfinished");
    }

    @Test
    void viewsChangeNothing() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 3);
        test.on(new Accepted(1, "q-w0", 1));
        test.now += 300;
        test.submit("late", "u", 1);
        for (int i = 0; i < 2; i++) {
            assertThat(test.coordinator.workers())
                    .containsExactly(new WorkerSnapshot("a", "a-run1", "at-a", 1, true, false, 1, 1, 1_000));
            assertThat(test.coordinator.works())
                    .startsWith(
                            new WorkSnapshot("q", "t", "q-w0", WorkState.ACCEPTED, 1, 0, 1, null),
                            new WorkSnapshot("q", "t", "q-w1", WorkState.QUEUED, 0, 0, 0, null))
                    .hasSize(4);
            assertThat(test.coordinator.placement("key0")).contains("a");
            assertThat(test.coordinator.nextTimerMillis()).isEqualTo(2_000);
            assertThat(test.coordinator.oldestQueuedMillis(test.now)).isEqualTo(300);
            assertThat(test.coordinator.queued(Priority.INTERACTIVE)).isEqualTo(3);
            assertThat(test.coordinator.inFlight()).isEqualTo(1);
            assertThat(test.coordinator.queriesRunning()).isEqualTo(2);
            assertThat(test.coordinator.worksTracked()).isEqualTo(4);
        }
        assertThat(test.on(new Tick())).isEmpty();
    }

    @Test
    void theAgeOfTheQueueIsThatOfItsOldestPiece() {
        assertThat(test.coordinator.oldestQueuedMillis(test.now)).isZero();
        test.worker(1, "a", 1);
        test.submit("q", "t", 1);
        assertThat(test.coordinator.oldestQueuedMillis(test.now))
                .as("nothing waits")
                .isZero();
        test.now += 700;
        test.on(new SessionClosed(1, "reset"));
        test.now += 40;
        assertThat(test.coordinator.oldestQueuedMillis(test.now))
                .as("it came back")
                .isEqualTo(40);
        test.submit("q2", "t", 1);
        test.now += 2;
        assertThat(test.coordinator.oldestQueuedMillis(test.now)).isEqualTo(42);
    }

    @Test
    void withoutAnythingThereIsNoTimer() {
        assertThat(test.coordinator.nextTimerMillis()).isEqualTo(Long.MAX_VALUE);
        assertThat(test.coordinator.placement("k")).isEmpty();
        assertThatThrownBy(() -> {
                    test.on(new Tick());
                    test.coordinator.handle(new Tick(), test.now - 1);
                })
                .hasMessageContaining("time went backwards");
    }

    @Test
    void anImpossibleMoveIsADefect() {
        FairQueue queue = new FairQueue();
        QueryEntry query = new QueryEntry(new Submit("q", "t", 100, List.of()), queue.tenant("t"), 0);
        WorkItem item = new WorkItem(query, new Unit(0, "w", "k"), 0);
        assertThatThrownBy(() -> item.primary.move(WorkTrigger.OWNER_LOST))
                .hasMessage("work w: OWNER_LOST in state QUEUED");
        WorkerEntry worker =
                new WorkerEntry(new SessionOpened(1, "a", "r", "x", true, false, 1), CoordinatorLimits.DEFAULT, 0);
        item.primary.assignTo(worker, false, 7);
        assertThat(item.primary.assignedMillis).isEqualTo(7);
        assertThatThrownBy(() -> item.primary.assignTo(worker, false, 7))
                .hasMessage("only work without owner is assigned");
        assertThat(item.attempt(2)).isEmpty();
        assertThat(item.primary.isOwnedBy(2)).isFalse();
    }

    @Test
    void badLimitsAreNamed() {
        String[] names = {
            "works at once",
            "queries at once",
            "attempts per work",
            "assignments per work",
            "retries per query",
            "retry back-off (ms)",
            "workers",
            "grace without workers (ms)",
            "wait without workers (ms)"
        };
        for (int bad = 0; bad < names.length; bad++) {
            long[] values = {1, 1, 1, 1, 0, 0, 1, 0, 0};
            limits(values);
            values[bad]--;
            assertThatThrownBy(() -> limits(values)).hasMessageStartingWith(names[bad] + " is ");
        }
    }

    private static CoordinatorLimits limits(long[] values) {
        return new CoordinatorLimits(
                HeartbeatLimits.DEFAULT,
                (int) values[0],
                (int) values[1],
                (int) values[2],
                (int) values[3],
                (int) values[4],
                values[5],
                (int) values[6],
                values[7],
                values[8]);
    }
}
