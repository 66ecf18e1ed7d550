package io.weir.workcoord.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.agent.AgentEffect.AcknowledgeArtifact;
import io.weir.workcoord.agent.AgentEffect.CancelExecution;
import io.weir.workcoord.agent.AgentEffect.CloseReason;
import io.weir.workcoord.agent.AgentEffect.CloseSession;
import io.weir.workcoord.agent.AgentEffect.DiscardArtifact;
import io.weir.workcoord.agent.AgentEffect.Drained;
import io.weir.workcoord.agent.AgentEffect.SendAccepted;
import io.weir.workcoord.agent.AgentEffect.SendFailed;
import io.weir.workcoord.agent.AgentEffect.SendHello;
import io.weir.workcoord.agent.AgentEffect.SendReady;
import io.weir.workcoord.agent.AgentEffect.SendRejected;
import io.weir.workcoord.agent.AgentEffect.SendStatus;
import io.weir.workcoord.agent.AgentEffect.StartExecution;
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
import org.junit.jupiter.api.Test;

/** One test per rule of the worker's agent. */
final class WorkerAgentTest {
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

    private <E extends AgentEffect> E one(Class<E> kind) {
        List<E> found = all(kind);
        assertThat(found).as("%s in %s", kind.getSimpleName(), effects).hasSize(1);
        return found.getFirst();
    }

    @Test
    void workIsAcceptedRunReportedAndAcknowledged() {
        api(1, "api");
        assertThat(one(SendHello.class).status()).isEqualTo(new AgentEffect.Status(true, false, 6, 0, 0));
        assign(1, "w");
        assertThat(effects)
                .containsExactly(
                        new SendAccepted(1, "w", 1), new StartExecution(1, "api", "q", 0, "w", 1, now + 60_000));
        on(new ExecutionSucceeded("w", 1));
        assertThat(effects).containsExactly(new SendReady(1, "w", 1));
        on(new AckReceived(1, "w", 1));
        assertThat(effects).containsExactly(new AcknowledgeArtifact("w", 1));
        assertThat(agent.tasks()).isEmpty();
    }

    @Test
    void aBusyWorkerQueuesAndDoesNotReject() {
        api(1, "api");
        for (int i = 0; i < 6; i++) {
            assign(1, "w" + i);
            assertThat(all(SendRejected.class)).isEmpty();
        }
        assertThat(agent.running()).isEqualTo(2);
        assertThat(agent.queued()).isEqualTo(4);
        on(new ExecutionFailed("w0", 1, FailureKind.INTERNAL, "boom"));
        assertThat(one(SendFailed.class).kind()).isEqualTo(FailureKind.INTERNAL);
        assertThat(one(StartExecution.class).workId()).isEqualTo("w2");
    }

    @Test
    void anApiThatExceedsItsCreditsIsRejected() {
        api(1, "api");
        for (int i = 0; i < 6; i++) {
            assign(1, "w" + i);
        }
        assign(1, "w6");
        assertThat(one(SendRejected.class).reason()).contains("6 credits");
        one(SendStatus.class);
    }

    @Test
    void slotsAreSharedFairlyAmongApis() {
        api(1, "a");
        api(2, "b");
        on(new HeartbeatReceived(1, 1, true));
        assign(1, "a0");
        assign(1, "a1");
        assign(1, "a2");
        assign(2, "b0");
        on(new ExecutionSucceeded("a0", 1));
        assertThat(one(StartExecution.class).workId()).isEqualTo("b0");
    }

    @Test
    void creditsMoveOnlyWhenTheApiHasSeenThatTheyAreGone() {
        api(1, "a");
        api(2, "b");
        assertThat(one(SendHello.class).status().credits())
                .as("all six may be in use")
                .isEqualTo(1);
        assertThat(one(SendStatus.class).status().credits()).isEqualTo(3);
        long sequence = one(AgentEffect.SendHeartbeat.class).sequence();
        on(new HeartbeatReceived(1, sequence, true));
        assertThat(one(SendStatus.class))
                .extracting(SendStatus::session, status -> status.status().credits())
                .containsExactly(2L, 3);
        on(new SessionClosed(2, "gone"));
        assertThat(one(SendStatus.class).status().credits()).isEqualTo(6);
    }

    @Test
    void cancelReachesWorkInEveryState() {
        api(1, "api");
        for (int i = 0; i < 4; i++) {
            assign(1, "w" + i);
        }
        on(new ExecutionSucceeded("w0", 1));
        on(new CancelReceived(1, "w0", "why"));
        assertThat(effects).containsExactly(new DiscardArtifact("w0", 1));
        on(new CancelReceived(1, "w3", "why"));
        assertThat(effects).isEmpty();
        assertThat(agent.queued()).isZero();
        on(new CancelReceived(1, "w1", "why"));
        assertThat(effects).containsExactly(new CancelExecution("w1", 1, "why"));
        on(new CancelReceived(1, "w1", "why"));
        assertThat(effects).isEmpty();
        on(new ExecutionSucceeded("w1", 1));
        assertThat(effects).containsExactly(new DiscardArtifact("w1", 1));
        on(new CancelReceived(1, "w2", "why"));
        on(new ExecutionFailed("w2", 1, FailureKind.CANCELED, "stopped"));
        assertThat(effects).isEmpty();
        assertThat(agent.tasks()).isEmpty();
    }

    @Test
    void anApiThatIsGoneTakesItsWorkAndArtifactsWithIt() {
        api(1, "api");
        for (int i = 0; i < 4; i++) {
            assign(1, "w" + i);
        }
        on(new ExecutionSucceeded("w0", 1));
        on(new SessionClosed(1, "reset"));
        assertThat(effects)
                .containsExactly(
                        new DiscardArtifact("w0", 1),
                        new CancelExecution("w1", 1, "reset"),
                        new CancelExecution("w2", 1, "reset"));
        assertThat(agent.running()).as("they hold their slots until they end").isEqualTo(2);
    }

    @Test
    void aSilentApiIsGoneAfterThreeSeconds() {
        api(1, "api");
        assign(1, "w");
        for (int i = 0; i < 3; i++) {
            now += 1_000;
            on(new Tick());
        }
        assertThat(one(CloseSession.class).reason()).isEqualTo(CloseReason.SILENT);
        assertThat(one(CancelExecution.class).workId()).isEqualTo("w");
    }

    @Test
    void aNewerSessionOfAnApiReplacesTheOlderOneOnly() {
        on(new SessionOpened(1, "api", 10, 1_000));
        on(new SessionOpened(2, "api", 9, 1_000));
        assertThat(one(CloseSession.class))
                .extracting(CloseSession::session, CloseSession::reason)
                .containsExactly(2L, CloseReason.OUTDATED);
        on(new SessionOpened(3, "api", 11, 1_000));
        assertThat(one(CloseSession.class))
                .extracting(CloseSession::session, CloseSession::reason)
                .containsExactly(1L, CloseReason.SUPERSEDED);
        assign(1, "old");
        assertThat(effects).isEmpty();
    }

    @Test
    void sessionsAreBounded() {
        api(1, "a");
        api(2, "b");
        api(3, "c");
        api(4, "d");
        assertThat(one(CloseSession.class).reason()).isEqualTo(CloseReason.TOO_MANY_SESSIONS);
    }

    @Test
    void deadlinesEndQueuedAndRunningWork() {
        api(1, "api");
        on(new Assigned(1, "r0", 1, "q", 0, 500));
        on(new Assigned(1, "r1", 1, "q", 0, 60_000));
        on(new Assigned(1, "queued", 1, "q", 0, 500));
        assertThat(agent.nextTimerMillis()).isEqualTo(now + 500);
        now += 500;
        on(new Tick());
        assertThat(one(SendFailed.class))
                .extracting(SendFailed::workId, SendFailed::kind)
                .containsExactly("queued", FailureKind.DEADLINE_EXCEEDED);
        assertThat(one(CancelExecution.class).workId()).isEqualTo("r0");
        on(new ExecutionFailed("r0", 1, FailureKind.CANCELED, "stopped"));
        assertThat(one(SendFailed.class).kind()).isEqualTo(FailureKind.DEADLINE_EXCEEDED);
    }

    @Test
    void anArtifactNobodyFetchedIsReported() {
        api(1, "api");
        assign(1, "w");
        on(new ExecutionSucceeded("w", 1));
        on(new ArtifactLost("w", 1, "expired"));
        assertThat(one(SendFailed.class).kind()).isEqualTo(FailureKind.ARTIFACT_LOST);
        on(new AckReceived(1, "w", 1));
        assertThat(effects).isEmpty();
    }

    @Test
    void aFullDiskStopsNewWorkOnly() {
        api(1, "api");
        assign(1, "w");
        on(new AcceptingChanged(false));
        assertThat(one(SendStatus.class).status()).isEqualTo(new AgentEffect.Status(false, false, 0, 1, 0));
        assign(1, "x");
        assertThat(one(SendRejected.class).reason()).contains("does not accept work");
        on(new AcceptingChanged(true));
        assertThat(one(SendStatus.class).status().credits()).isEqualTo(6);
    }

    @Test
    void aDrainHandsBackFinishesAndWaitsForTheFetch() {
        api(1, "api");
        assign(1, "w0");
        assign(1, "w1");
        assign(1, "w2");
        on(new DrainBegun());
        assertThat(one(SendStatus.class).status()).isEqualTo(new AgentEffect.Status(false, true, 0, 2, 1));
        assertThat(one(SendFailed.class))
                .extracting(SendFailed::workId, SendFailed::kind)
                .containsExactly("w2", FailureKind.HANDED_BACK);
        assign(1, "w3");
        assertThat(one(SendRejected.class).reason()).contains("draining");
        on(new ExecutionSucceeded("w0", 1));
        on(new ExecutionFailed("w1", 1, FailureKind.INTERNAL, "x"));
        assertThat(all(Drained.class)).isEmpty();
        on(new AckReceived(1, "w0", 1));
        assertThat(one(CloseSession.class).reason()).isEqualTo(CloseReason.DRAINED);
        assertThat(one(Drained.class).forced()).isFalse();
        api(2, "late");
        assertThat(one(CloseSession.class).reason()).isEqualTo(CloseReason.DRAINED);
    }

    @Test
    void aDrainIsForcedAtItsLimit() {
        api(1, "api");
        assign(1, "w0");
        on(new DrainBegun());
        for (int i = 0; i < 10; i++) {
            now += 1_000;
            on(new HeartbeatReceived(1, i, true));
        }
        assertThat(one(Drained.class).forced()).isTrue();
        assertThat(one(CancelExecution.class).workId()).isEqualTo("w0");
        assertThat(agent.isDrained()).isTrue();
    }

    /** Found by the simulator, seed 19727. */
    @Test
    void aDrainThatEndsAsTheApisFallSilentTellsThemNothing() {
        api(1, "a");
        api(2, "b");
        assign(2, "w");
        on(new ExecutionSucceeded("w", 1));
        on(new DrainBegun());
        for (int second = 0; second < 3; second++) {
            now += 1_000;
            on(new Tick());
        }
        assertThat(all(CloseSession.class)).extracting(CloseSession::reason).containsOnly(CloseReason.SILENT);
        assertThat(one(Drained.class).forced()).isFalse();
        assertThat(all(AgentEffect.Send.class)).isEmpty();
    }

    @Test
    void anIdleWorkerDrainsAtOnce() {
        on(new DrainBegun());
        assertThat(one(Drained.class).forced()).isFalse();
    }

    @Test
    void anEndThatWasNeverAStartIsADefect() {
        assertThatThrownBy(() -> on(new ExecutionSucceeded("w", 1))).isInstanceOf(IllegalStateException.class);
    }
}
