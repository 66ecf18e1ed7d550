package io.weir.workcoord.coordinator;

import static io.weir.workcoord.coordinator.CoordinatorFixture.LIMITS;
import static io.weir.workcoord.coordinator.CoordinatorFixture.ready;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.coordinator.CoordinatorEffect.QueryFailed;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendAssign;
import io.weir.workcoord.coordinator.CoordinatorEvent.CancelQuery;
import io.weir.workcoord.coordinator.CoordinatorEvent.Failed;
import io.weir.workcoord.coordinator.CoordinatorEvent.StatusReceived;
import io.weir.workcoord.coordinator.CoordinatorEvent.Submit;
import io.weir.workcoord.coordinator.CoordinatorEvent.Tick;
import io.weir.workcoord.coordinator.CoordinatorEvent.Unit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Background work gets what interactive work leaves, and of every worker a share. */
final class PriorityTest {
    private final CoordinatorFixture test = new CoordinatorFixture(LIMITS);

    private void background(String query, int units) {
        List<Unit> list = new ArrayList<>();
        for (int i = 0; i < units; i++) {
            list.add(new Unit(0, query + "-w" + i, "key" + i));
        }
        test.on(new Submit(query, "t", test.now + 60_000, list, Priority.BACKGROUND));
    }

    private List<String> assigned() {
        return test.all(SendAssign.class).stream().map(SendAssign::workId).toList();
    }

    @Test
    void backgroundWorkTakesAShareOfAWorkersCredits() {
        test.worker(1, "a", 8);
        background("job", 5);
        assertThat(assigned()).as("a quarter of 8").containsExactly("job-w0", "job-w1");
        assertThat(test.coordinator.queued(Priority.BACKGROUND)).isEqualTo(3);
        assertThat(test.coordinator.queued(Priority.INTERACTIVE)).isZero();
        test.submit("user", "t", 6);
        assertThat(assigned()).as("the rest is theirs").hasSize(6);
        test.on(new CoordinatorEvent.Ready(1, "job", 0, "job-w0", 1, "c"));
        assertThat(assigned()).containsExactly("job-w2");
    }

    @Test
    void ofFewCreditsItMayHaveOne() {
        test.worker(1, "a", 2);
        test.worker(2, "b", 1);
        background("job", 4);
        assertThat(test.all(SendAssign.class)).extracting(SendAssign::session).containsExactlyInAnyOrder(1L, 2L);
    }

    @Test
    void theShareIsRoundedDown() {
        CoordinatorFixture half =
                new CoordinatorFixture(LIMITS.withBackgroundPercentMax(50).withHedge(HedgeLimits.OFF));
        half.worker(1, "a", 5);
        half.on(new Submit(
                "job",
                "t",
                half.now + 1_000,
                List.of(new Unit(0, "w0", "k"), new Unit(0, "w1", "k"), new Unit(0, "w2", "k")),
                Priority.BACKGROUND));
        assertThat(half.all(SendAssign.class)).hasSize(2);
    }

    @Test
    void itIsAssignedOnlyWhenNoInteractiveWorkWaits() {
        test.worker(1, "a", 1);
        test.submit("user", "t", 2);
        background("job", 1);
        assertThat(assigned()).isEmpty();
        test.on(new CoordinatorEvent.Ready(1, "user", 0, "user-w0", 1, "c"));
        assertThat(assigned()).as("though the job's tenant has less on workers").containsExactly("user-w1");
        test.on(new CoordinatorEvent.Ready(1, "user", 0, "user-w1", 1, "c"));
        assertThat(assigned()).containsExactly("job-w0");
    }

    @Test
    void interactiveWorkThatWaitsForItsBackOffKeepsItBack() {
        test.worker(1, "a", 4);
        test.submit("user", "t", 1);
        test.on(new Failed(1, "user-w0", 1, FailureKind.INTERNAL, "x"));
        background("job", 1);
        assertThat(assigned()).isEmpty();
        test.now += 100;
        test.on(new Tick());
        assertThat(assigned()).as("both in the same step").containsExactly("user-w0", "job-w0");
    }

    @Test
    void interactiveWorkThatEndsMakesWayInTheSameStep() {
        test.worker(1, "a", 1);
        test.submit("user", "t", 2);
        background("job", 1);
        test.on(new CancelQuery("user", "x"));
        assertThat(assigned()).containsExactly("job-w0");
    }

    @Test
    void whatCameBackOfItWaitsInItsOwnQueue() {
        test.worker(1, "a", 1);
        background("job", 1);
        test.on(new StatusReceived(1, false, false, 1));
        assertThat(test.coordinator.queued(Priority.BACKGROUND)).isEqualTo(1);
        assertThat(test.coordinator.oldestQueuedMillis(test.now + 50))
                .as("nobody waits")
                .isZero();
        test.on(new StatusReceived(1, true, false, 1));
        SendAssign again = test.one(SendAssign.class);
        assertThat(again.attempt()).isEqualTo(2);
        test.on(ready(again));
        assertThat(test.coordinator.inFlight()).isZero();
    }

    @Test
    void itFailsWithoutWorkersAsAnyWorkDoes() {
        test.worker(1, "a", 1);
        background("job", 2);
        test.on(new StatusReceived(1, true, true, 1));
        test.pass(LIMITS.noWorkersWaitMillis());
        assertThat(test.one(QueryFailed.class).kind()).isEqualTo(FailureKind.NO_WORKERS);
    }

    @Test
    void tenantsTakeTurnsInEachPriorityByItself() {
        test.worker(1, "a", 8);
        test.submit("user", "t", 3);
        background("job", 1);
        test.on(new Submit("other", "u", test.now + 60_000, List.of(new Unit(0, "o", "k")), Priority.BACKGROUND));
        assertThat(assigned()).containsExactly("o");
        assertThat(test.coordinator.inFlight()).isEqualTo(5);
    }

    @Test
    void stragglersOfItHaveNoSecondAttempt() {
        CoordinatorFixture hedging = new CoordinatorFixture(LIMITS.withHedge(new HedgeLimits(100, 100, 100)));
        hedging.worker(1, "a", 8);
        hedging.worker(2, "b", 8);
        hedging.on(new Submit(
                "job",
                "t",
                hedging.now + 60_000,
                List.of(new Unit(0, "w0", "k0"), new Unit(0, "w1", "k1")),
                Priority.BACKGROUND));
        SendAssign first = hedging.all(SendAssign.class).getFirst();
        hedging.on(ready(first));
        hedging.on(new CoordinatorEvent.Fetched(first.workId(), 1));
        hedging.pass(2_000);
        assertThat(hedging.all(SendAssign.class)).isEmpty();
        assertThat(hedging.coordinator.inFlight()).isEqualTo(1);
    }

    @Test
    void aShareIsAPercentage() {
        assertThatThrownBy(() -> LIMITS.withBackgroundPercentMax(0)).hasMessageContaining("background");
        assertThatThrownBy(() -> LIMITS.withBackgroundPercentMax(101)).hasMessageContaining("background");
        assertThat(LIMITS.backgroundPercentMax()).isEqualTo(25);
    }
}
