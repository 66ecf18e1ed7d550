package io.weir.workcoord.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.agent.AgentEffect.CancelExecution;
import io.weir.workcoord.agent.AgentEffect.CloseReason;
import io.weir.workcoord.agent.AgentEffect.CloseSession;
import io.weir.workcoord.agent.AgentEffect.DiscardArtifact;
import io.weir.workcoord.agent.AgentEffect.Drained;
import io.weir.workcoord.agent.AgentEffect.SendFailed;
import io.weir.workcoord.agent.AgentEffect.SendHeartbeat;
import io.weir.workcoord.agent.AgentEffect.SendHello;
import io.weir.workcoord.agent.AgentEffect.SendReady;
import io.weir.workcoord.agent.AgentEffect.SendRejected;
import io.weir.workcoord.agent.AgentEffect.SendStatus;
import io.weir.workcoord.agent.AgentEffect.StartExecution;
import io.weir.workcoord.agent.AgentEffect.Status;
import io.weir.workcoord.agent.AgentEvent.AcceptingChanged;
import io.weir.workcoord.agent.AgentEvent.AckReceived;
import io.weir.workcoord.agent.AgentEvent.ArtifactLost;
import io.weir.workcoord.agent.AgentEvent.Assigned;
import io.weir.workcoord.agent.AgentEvent.CancelReceived;
import io.weir.workcoord.agent.AgentEvent.DrainBegun;
import io.weir.workcoord.agent.AgentEvent.ExecutionFailed;
import io.weir.workcoord.agent.AgentEvent.ExecutionSucceeded;
import io.weir.workcoord.agent.AgentEvent.HeartbeatReceived;
import io.weir.workcoord.agent.AgentEvent.SessionClosed;
import io.weir.workcoord.agent.AgentEvent.SessionOpened;
import io.weir.workcoord.agent.AgentEvent.Tick;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What the worker's agent does about messages that come late, twice or from the wrong side, and its exact bookkeeping. */
final class WorkerAgentRobustnessTest {
    private final WorkerAgent agent = new WorkerAgent(new AgentLimits(HeartbeatLimits.DEFAULT, 2, 6, 3, 10_000));
    private long now = 1_000;
    private List<AgentEffect> effects = List.of();

    private List<AgentEffect> on(AgentEvent event) {
        effects = agent.handle(event, now);
        return effects;
    }

    private void api(long session, String id) {
        on(new SessionOpened(session, id, session, 1_000));
    }

    private void assign(long session, String workId) {
        on(new Assigned(session, workId, 1, "q", 0, 60_000));
    }

    private <E extends AgentEffect> List<E> all(Class<E> kind) {
        return effects.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private void pass(long millis) {
        for (long end = now + millis; now < end; ) {
            now = Math.min(end, now + 1_000);
            for (WorkerAgent.SessionSnapshot session : agent.sessions()) {
                on(new HeartbeatReceived(session.session(), 1_000, true));
            }
        }
    }

    @Test
    void messagesOfASessionThatIsGoneAreIgnored() {
        api(1, "api");
        assign(1, "w");
        on(new ExecutionSucceeded("w", 1));
        for (AgentEvent late : List.of(
                new Assigned(9, "w2", 1, "q", 0, 60_000),
                new CancelReceived(9, "w", "why"),
                new AckReceived(9, "w", 1),
                new HeartbeatReceived(9, 1, false),
                new SessionClosed(9, "late"))) {
            on(late);
            assertThat(effects).as("%s", late).isEmpty();
        }
        assertThat(agent.tasks()).containsExactly(new WorkerAgent.TaskSnapshot(1, "w", 1, TaskState.READY));
    }

    @Test
    void aCancelReachesEveryAttemptAtTheWorkOfThatApiOnly() {
        api(1, "a");
        api(2, "b");
        on(new HeartbeatReceived(1, 1, true));
        on(new Assigned(1, "w", 1, "q", 0, 60_000));
        on(new Assigned(1, "w", 2, "q", 0, 60_000));
        on(new Assigned(2, "other", 1, "q", 0, 60_000));
        on(new CancelReceived(2, "w", "not yours"));
        assertThat(effects).isEmpty();
        on(new CancelReceived(1, "other", "not yours"));
        assertThat(effects).isEmpty();
        on(new CancelReceived(1, "w", "why"));
        assertThat(effects).containsExactly(new CancelExecution("w", 1, "why"), new CancelExecution("w", 2, "why"));
    }

    @Test
    void theSameAssignmentAgainIsIgnoredInEveryState() {
        api(1, "api");
        assign(1, "w0");
        assign(1, "w0");
        assertThat(effects).isEmpty();
        on(new DrainBegun());
        assign(1, "w0");
        assertThat(effects).as("it was accepted before the drain").isEmpty();
        assertThat(agent.tasks()).hasSize(1);
        assertThat(agent.sessions())
                .extracting(WorkerAgent.SessionSnapshot::held)
                .containsExactly(1);
    }

    @Test
    void anotherApisAttemptOfTheSameNameIsRejected() {
        api(1, "a");
        api(2, "b");
        assign(1, "w");
        assign(2, "w");
        assertThat(all(SendRejected.class))
                .containsExactly(new SendRejected(2, "w", 1, "this attempt is here for another API"));
        assertThat(all(SendStatus.class)).extracting(SendStatus::session).containsExactly(2L);
    }

    @Test
    void aRepeatedHelloOfALiveSessionChangesNothing() {
        api(1, "api");
        api(1, "api");
        assertThat(effects).isEmpty();
        assertThat(agent.sessions()).hasSize(1);
    }

    @Test
    void ourOwnStallIsNotTheApisSilence() {
        api(1, "api");
        now += 60_000;
        on(new Tick());
        assertThat(all(CloseSession.class)).isEmpty();
        now += 1_499;
        on(new Tick());
        assertThat(all(CloseSession.class)).isEmpty();
        now += 1;
        on(new Tick());
        assertThat(all(CloseSession.class)).hasSize(1);
    }

    @Test
    void anApiThatBeatsSlowerIsGivenLonger() {
        on(new SessionOpened(1, "api", 1, 2_000));
        for (int i = 0; i < 5; i++) {
            now += 1_000;
            on(new Tick());
            assertThat(all(CloseSession.class)).isEmpty();
        }
        now += 1_000;
        on(new Tick());
        assertThat(all(CloseSession.class))
                .containsExactly(new CloseSession(1, CloseReason.SILENT, "no message for too long"));
    }

    @Test
    void heartbeatsCarryTheStatusAndAreAnswered() {
        api(1, "api");
        assign(1, "w0");
        assign(1, "w1");
        assign(1, "w2");
        assertThat(agent.nextTimerMillis()).isEqualTo(2_000);
        now = 2_000;
        on(new Tick());
        assertThat(effects)
                .containsExactly(new SendStatus(1, new Status(true, false, 6, 2, 1)), new SendHeartbeat(1, 1, false));
        on(new HeartbeatReceived(1, 44, false));
        assertThat(effects).containsExactly(new SendHeartbeat(1, 44, true));
        on(new HeartbeatReceived(1, 1, true));
        assertThat(effects).isEmpty();
    }

    @Test
    void aCreditIsConfirmedByTheHeartbeatBehindItNotByAnOlderOne() {
        api(1, "a");
        now = 2_000;
        on(new Tick());
        api(2, "b");
        assertThat(all(SendHeartbeat.class)).containsExactly(new SendHeartbeat(1, 2, false));
        on(new HeartbeatReceived(1, 1, true));
        assertThat(effects).as("sent before the grant was lowered").isEmpty();
        assertThat(agent.sessions())
                .containsExactly(
                        new WorkerAgent.SessionSnapshot(1, "a", 3, 6, 0),
                        new WorkerAgent.SessionSnapshot(2, "b", 1, 1, 0));
        on(new HeartbeatReceived(1, 2, true));
        assertThat(effects).containsExactly(new SendStatus(2, new Status(true, false, 3, 0, 0)));
        assertThat(agent.sessions())
                .containsExactly(
                        new WorkerAgent.SessionSnapshot(1, "a", 3, 3, 0),
                        new WorkerAgent.SessionSnapshot(2, "b", 3, 3, 0));
    }

    @Test
    void aCreditInUseIsNotGivenAway() {
        api(1, "a");
        for (int i = 0; i < 5; i++) {
            assign(1, "w" + i);
        }
        api(2, "b");
        long sequence = all(SendHeartbeat.class).getFirst().sequence();
        on(new HeartbeatReceived(1, sequence, true));
        assertThat(agent.sessions())
                .as("five are held")
                .containsExactly(
                        new WorkerAgent.SessionSnapshot(1, "a", 3, 5, 5),
                        new WorkerAgent.SessionSnapshot(2, "b", 1, 1, 0));
        on(new ExecutionSucceeded("w0", 1));
        assertThat(agent.sessions())
                .containsExactly(
                        new WorkerAgent.SessionSnapshot(1, "a", 3, 4, 4),
                        new WorkerAgent.SessionSnapshot(2, "b", 2, 2, 0));
        on(new CancelReceived(1, "w1", "x"));
        assertThat(agent.sessions())
                .containsExactly(
                        new WorkerAgent.SessionSnapshot(1, "a", 3, 3, 3),
                        new WorkerAgent.SessionSnapshot(2, "b", 3, 3, 0));
    }

    @Test
    void anApiThatIsGoneTakesNothingOfTheOthersWithIt() {
        api(1, "a");
        api(2, "b");
        assign(1, "a0");
        assign(2, "b0");
        on(new SessionClosed(1, "gone"));
        assertThat(all(CancelExecution.class)).containsExactly(new CancelExecution("a0", 1, "gone"));
        assertThat(agent.tasks())
                .containsExactly(
                        new WorkerAgent.TaskSnapshot(1, "a0", 1, TaskState.CANCELING),
                        new WorkerAgent.TaskSnapshot(2, "b0", 1, TaskState.RUNNING));
        on(new ExecutionSucceeded("b0", 1));
        on(new AckReceived(1, "b0", 1));
        assertThat(effects).as("not that API's").isEmpty();
    }

    @Test
    void theCreditsOfAnApiThatIsGoneGoToTheOthers() {
        api(1, "a");
        api(2, "b");
        on(new HeartbeatReceived(1, 1, true));
        on(new SessionClosed(1, "gone"));
        assertThat(effects).containsExactly(new SendStatus(2, new Status(true, false, 6, 0, 0)));
        on(new SessionClosed(2, "gone"));
        assertThat(effects).isEmpty();
        assertThat(agent.nextTimerMillis()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void severalSilentApisGoInOneStepAndNoneIsSentAnything() {
        api(1, "a");
        api(2, "b");
        now = 2_400;
        on(new Tick());
        now = 3_800;
        on(new Tick());
        now = 4_000;
        on(new Tick());
        assertThat(effects)
                .containsExactly(
                        new CloseSession(1, CloseReason.SILENT, "no message for too long"),
                        new CloseSession(2, CloseReason.SILENT, "no message for too long"));
    }

    @Test
    void aNewerSessionTakesTheOldOnesWorkDown() {
        on(new SessionOpened(1, "api", 10, 1_000));
        assign(1, "w0");
        assign(1, "w1");
        assign(1, "w2");
        on(new ExecutionSucceeded("w0", 1));
        on(new SessionOpened(2, "api", 11, 1_000));
        assertThat(effects)
                .containsExactly(
                        new CloseSession(1, CloseReason.SUPERSEDED, "replaced by a newer session"),
                        new DiscardArtifact("w0", 1),
                        new CancelExecution("w1", 1, "its session was replaced by a newer one"),
                        new CancelExecution("w2", 1, "its session was replaced by a newer one"),
                        new SendHello(2, new Status(true, false, 6, 2, 0)));
        on(new SessionOpened(3, "api", 11, 1_000));
        assertThat(effects)
                .containsExactly(new CloseSession(3, CloseReason.OUTDATED, "a newer session of API api is live"));
        on(new ExecutionFailed("w1", 1, FailureKind.CANCELED, "stopped"));
        assertThat(effects).as("nobody to tell").isEmpty();
        on(new ExecutionSucceeded("w2", 1));
        assertThat(effects).containsExactly(new DiscardArtifact("w2", 1));
        assertThat(agent.running()).isZero();
    }

    @Test
    void theTurnGoesToWhoRunsLeastThoughAnotherWaitsForLonger() {
        WorkerAgent two = new WorkerAgent(new AgentLimits(HeartbeatLimits.DEFAULT, 2, 30, 3, 10_000));
        LongStream.of(1, 2).forEach(id -> two.handle(new SessionOpened(id, "api" + id, id, 1_000), 0));
        two.handle(new HeartbeatReceived(1, 9, true), 0);
        two.handle(new Assigned(2, "b0", 1, "q", 0, 60_000), 0);
        two.handle(new Assigned(1, "a0", 1, "q", 0, 60_000), 0);
        two.handle(new Assigned(2, "b1", 1, "q", 0, 60_000), 0);
        two.handle(new Assigned(1, "a1", 1, "q", 0, 60_000), 0);
        assertThat(two.handle(new ExecutionSucceeded("a0", 1), 0))
                .as("b0 still runs")
                .containsExactly(new SendReady(1, "a0", 1), new StartExecution(1, "api1", "q", 0, "a1", 1, 60_000));
    }

    @Test
    void theTurnGoesToWhoRunsLeastThenToWhoWaitedLongest() {
        WorkerAgent one = new WorkerAgent(new AgentLimits(HeartbeatLimits.DEFAULT, 1, 30, 3, 10_000));
        LongStream.of(1, 2, 3).forEach(id -> one.handle(new SessionOpened(id, "api" + id, id, 1_000), 0));
        for (long id : new long[] {1, 2, 3}) {
            one.handle(new HeartbeatReceived(id, 9, true), 0);
        }
        one.handle(new Assigned(2, "b0", 1, "q", 0, 60_000), 0);
        for (String work : List.of("a0", "a1")) {
            one.handle(new Assigned(1, work, 1, "q", 0, 60_000), 0);
        }
        one.handle(new Assigned(2, "b1", 1, "q", 0, 60_000), 0);
        one.handle(new Assigned(3, "c0", 1, "q", 0, 60_000), 0);
        StringBuilder order = new StringBuilder("b0");
        String current = "b0";
        while (one.queued() > 0) {
            List<AgentEffect> next = one.handle(new ExecutionSucceeded(current, 1), 0);
            current = next.stream()
                    .filter(StartExecution.class::isInstance)
                    .map(effect -> ((StartExecution) effect).workId())
                    .findFirst()
                    .orElseThrow();
            order.append(' ').append(current);
        }
        assertThat(order).hasToString("b0 a0 c0 b1 a1");
    }

    @Test
    void overdueWorkThatIsCanceledHearsNothingAndOneThatSucceedsIsTooLate() {
        api(1, "api");
        on(new Assigned(1, "w0", 1, "q", 0, 500));
        on(new Assigned(1, "w1", 1, "q", 0, 500));
        now += 499;
        on(new Tick());
        assertThat(effects).isEmpty();
        now += 1;
        on(new Tick());
        assertThat(effects)
                .containsExactly(
                        new CancelExecution("w0", 1, "its deadline passed"),
                        new CancelExecution("w1", 1, "its deadline passed"));
        assertThat(agent.tasks()).allMatch(task -> task.state() == TaskState.OVERDUE);
        assertThat(agent.nextTimerMillis()).as("they have been told").isEqualTo(2_000);
        on(new Tick());
        assertThat(effects).isEmpty();
        assertThat(agent.sessions())
                .extracting(WorkerAgent.SessionSnapshot::held)
                .containsExactly(2);
        on(new CancelReceived(1, "w0", "why"));
        assertThat(effects).as("it is being stopped").isEmpty();
        assertThat(agent.sessions())
                .extracting(WorkerAgent.SessionSnapshot::held)
                .containsExactly(1);
        on(new ExecutionFailed("w0", 1, FailureKind.CANCELED, "stopped"));
        assertThat(effects).isEmpty();
        on(new ExecutionSucceeded("w1", 1));
        assertThat(effects)
                .containsExactly(
                        new DiscardArtifact("w1", 1),
                        new SendFailed(1, "w1", 1, FailureKind.DEADLINE_EXCEEDED, "finished after its deadline"));
        assertThat(agent.tasks()).isEmpty();
        assertThat(agent.sessions())
                .extracting(WorkerAgent.SessionSnapshot::held)
                .containsExactly(0);
    }

    @Test
    void aReadyArtifactHasNoDeadline() {
        api(1, "api");
        on(new Assigned(1, "w0", 1, "q", 0, 500));
        on(new ExecutionSucceeded("w0", 1));
        assertThat(agent.nextTimerMillis()).as("the next heartbeat").isEqualTo(2_000);
        now += 600;
        on(new Tick());
        assertThat(effects).isEmpty();
        on(new CancelReceived(1, "w0", "why"));
        assertThat(effects).containsExactly(new DiscardArtifact("w0", 1));
        on(new ArtifactLost("w0", 1, "expired"));
        assertThat(effects).isEmpty();
    }

    @Test
    void anArtifactIsNotLostBeforeItIsThere() {
        api(1, "api");
        assign(1, "w0");
        on(new ArtifactLost("w0", 1, "expired"));
        assertThat(effects).isEmpty();
        on(new AckReceived(1, "w0", 1));
        assertThat(effects).isEmpty();
        assertThat(agent.running()).isEqualTo(1);
    }

    @Test
    void executionsThatNeverStartedAreADefect() {
        api(1, "api");
        assign(1, "w0");
        assign(1, "w1");
        assign(1, "queued");
        assertThatThrownBy(() -> on(new ExecutionFailed("nobody", 1, FailureKind.INTERNAL, "x")))
                .hasMessageContaining("nobody")
                .hasMessageContaining("was never started");
        assertThatThrownBy(() -> on(new ExecutionSucceeded("queued", 1)))
                .hasMessageContaining("SUCCEEDED in state QUEUED");
        assertThatThrownBy(() -> agent.handle(new Tick(), now - 1)).hasMessageContaining("time went backwards");
    }

    @Test
    void aDrainIsAnnouncedOnceAndEndsWithTheLastExecution() {
        api(1, "api");
        assign(1, "w0");
        on(new DrainBegun());
        assertThat(effects).containsExactly(new SendStatus(1, new Status(false, true, 0, 1, 0)));
        assertThat(agent.isDraining()).isTrue();
        assertThat(agent.acceptsWork()).isFalse();
        now += 500;
        on(new DrainBegun());
        assertThat(effects).as("its limit is not moved").isEmpty();
        on(new AcceptingChanged(true));
        assertThat(effects).containsExactly(new SendStatus(1, new Status(false, true, 0, 1, 0)));
        on(new SessionClosed(1, "API died"));
        assertThat(all(Drained.class)).as("the execution still runs").isEmpty();
        assertThat(agent.nextTimerMillis()).isEqualTo(11_000);
        on(new ExecutionFailed("w0", 1, FailureKind.CANCELED, "stopped"));
        assertThat(effects).containsExactly(new Drained(false));
        assertThat(agent.nextTimerMillis()).isEqualTo(Long.MAX_VALUE);
        on(new Tick());
        assertThat(effects).as("once").isEmpty();
    }

    @Test
    void aForcedDrainGivesUpWhatRunsAtItsLimitExactly() {
        api(1, "api");
        assign(1, "w0");
        assign(1, "w1");
        on(new ExecutionSucceeded("w1", 1));
        on(new DrainBegun());
        pass(9_999);
        assertThat(agent.isDrained()).isFalse();
        now += 1;
        on(new Tick());
        assertThat(effects)
                .containsExactly(
                        new CancelExecution("w0", 1, "the drain's time limit ended"),
                        new DiscardArtifact("w1", 1),
                        new CloseSession(1, CloseReason.DRAINED, "the drain's time limit ended"),
                        new Drained(true));
        on(new ExecutionFailed("w0", 1, FailureKind.CANCELED, "stopped"));
        assertThat(effects).isEmpty();
    }

    @Test
    void whatAnEndedDrainHadToSayIsStillSaid() {
        api(1, "a");
        api(2, "b");
        assign(1, "w0");
        on(new DrainBegun());
        on(new ExecutionFailed("w0", 1, FailureKind.INTERNAL, "boom"));
        assertThat(effects)
                .containsExactly(
                        new SendFailed(1, "w0", 1, FailureKind.INTERNAL, "boom"),
                        new CloseSession(1, CloseReason.DRAINED, "drained"),
                        new CloseSession(2, CloseReason.DRAINED, "drained"),
                        new Drained(false));
        api(3, "late");
        assertThat(effects)
                .containsExactly(new CloseSession(3, CloseReason.DRAINED, "the worker has drained and ends"));
    }

    @Test
    void aFullDiskIsTold() {
        api(1, "api");
        assertThat(agent.acceptsWork()).isTrue();
        on(new AcceptingChanged(false));
        assertThat(agent.acceptsWork()).isFalse();
        assertThat(agent.isDraining()).isFalse();
        assign(1, "w");
        assertThat(effects)
                .containsExactly(
                        new SendRejected(1, "w", 1, "the worker does not accept work"),
                        new SendStatus(1, new Status(false, false, 0, 0, 0)));
    }

    @Test
    void viewsChangeNothing() {
        api(1, "api");
        assign(1, "w0");
        for (int i = 0; i < 2; i++) {
            assertThat(agent.tasks()).containsExactly(new WorkerAgent.TaskSnapshot(1, "w0", 1, TaskState.RUNNING));
            assertThat(agent.sessions()).containsExactly(new WorkerAgent.SessionSnapshot(1, "api", 6, 6, 1));
            assertThat(agent.nextTimerMillis()).isEqualTo(2_000);
            assertThat(agent.running()).isEqualTo(1);
            assertThat(agent.queued()).isZero();
        }
        on(new Tick());
        assertThat(effects).isEmpty();
    }

    @Test
    void badLimitsAreNamed() {
        AgentLimits four = AgentLimits.ofSlots(4);
        assertThat(four).isEqualTo(new AgentLimits(HeartbeatLimits.DEFAULT, 4, 16, 64, 600_000));
        assertThat(four.heldMax()).isEqualTo(80);
        assertThatThrownBy(() -> new AgentLimits(HeartbeatLimits.DEFAULT, 0, 1, 1, 0))
                .hasMessageContaining("execution slots");
        assertThatThrownBy(() -> new AgentLimits(HeartbeatLimits.DEFAULT, 2, 1, 1, 0))
                .hasMessageContaining("credits");
        assertThatThrownBy(() -> new AgentLimits(HeartbeatLimits.DEFAULT, 1, 1, 0, 0))
                .hasMessageContaining("API sessions");
        assertThatThrownBy(() -> new AgentLimits(HeartbeatLimits.DEFAULT, 1, 1, 1, -1))
                .hasMessageContaining("drain limit");
    }

    @Test
    void anImpossibleMoveIsADefect() {
        ApiSession session = new ApiSession(new SessionOpened(1, "api", 1, 1_000), HeartbeatLimits.DEFAULT, 0);
        Task task = new Task(session, new Assigned(1, "w", 1, "q", 0, 5), 100);
        assertThat(task.deadlineMillis).isEqualTo(105);
        assertThat(session.held).isEqualTo(1);
        assertThatThrownBy(() -> task.move(TaskTrigger.FAILED)).hasMessageContaining("FAILED in state QUEUED");
        assertThat(task.move(TaskTrigger.ACKNOWLEDGED)).isFalse();
        assertThat(task.move(TaskTrigger.HAND_BACK)).isTrue();
        assertThat(session.held).isZero();
        assertThat(task.state()).isEqualTo(TaskState.GONE);
    }
}
