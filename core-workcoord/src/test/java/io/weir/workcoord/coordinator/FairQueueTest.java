package io.weir.workcoord.coordinator;

import static io.weir.workcoord.coordinator.CoordinatorFixture.LIMITS;
import static io.weir.workcoord.coordinator.CoordinatorFixture.ready;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendAssign;
import io.weir.workcoord.coordinator.CoordinatorEvent.CancelQuery;
import io.weir.workcoord.coordinator.CoordinatorEvent.Failed;
import io.weir.workcoord.coordinator.CoordinatorEvent.Ready;
import io.weir.workcoord.coordinator.CoordinatorEvent.StatusReceived;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whose turn it is: of which tenant, of which of its queries, of which piece of work. */
final class FairQueueTest {
    private final CoordinatorFixture test = new CoordinatorFixture(LIMITS);

    private void credits(int credits) {
        test.on(new StatusReceived(1, true, false, credits));
    }

    @Test
    void theTurnIsOfTheTenantWithLeastOnWorkersThoughAnotherWaitsForLonger() {
        test.worker(1, "a", 1);
        test.submit("one", "t", 3);
        test.submit("two", "u", 3);
        credits(2);
        SendAssign ofTwo = test.one(SendAssign.class);
        assertThat(ofTwo.workId()).isEqualTo("two-w0");
        test.on(ready(ofTwo));
        assertThat(test.one(SendAssign.class).workId()).as("one-w0 still runs").isEqualTo("two-w1");
    }

    @Test
    void aNewTenantTakesItsTurnBehindOneThatWasServedBeforeItCame() {
        test.worker(1, "a", 1);
        test.submit("one", "t", 2);
        SendAssign running = test.one(SendAssign.class);
        credits(0);
        test.on(ready(running));
        test.submit("two", "u", 1);
        credits(1);
        assertThat(test.one(SendAssign.class).workId()).isEqualTo("one-w1");
    }

    @Test
    void aQueryThatEndsTakesWhatItHasQueuedWithItFreshOrReturned() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 3);
        credits(0);
        test.on(new Failed(1, "q-w0", 1, FailureKind.INTERNAL, "x"));
        test.submit("other", "t", 1);
        assertThat(test.coordinator.queued(Priority.INTERACTIVE)).isEqualTo(4);
        test.on(new CancelQuery("q", "x"));
        assertThat(test.coordinator.queued(Priority.INTERACTIVE)).isEqualTo(1);
    }

    @Test
    void aTenantLivesAsLongAsAQueryOfItsDoes() {
        test.worker(1, "a", 1);
        test.submit("one", "t", 1);
        SendAssign first = test.one(SendAssign.class);
        test.submit("two", "t", 1);
        test.submit("three", "t", 1);
        test.on(new CancelQuery("two", "x"));
        test.submit("other", "u", 1);
        test.on(ready(first));
        assertThat(test.one(SendAssign.class).queryId()).isEqualTo("three");
    }

    @Test
    void aTenantDoesNotGainByComingAndGoing() {
        test.worker(1, "a", 1);
        test.submit("occupant", "z", 1);
        SendAssign running = test.one(SendAssign.class);
        test.submit("patient", "big", 1);
        List<String> order = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            test.submit("short" + i, "tenant" + i, 1);
            test.on(ready(running));
            running = test.one(SendAssign.class);
            order.add(running.queryId());
        }
        assertThat(order).containsExactly("patient", "short0", "short1");
    }

    @Test
    void queriesOfATenantTakeTurnsByWhatTheyHaveOnWorkers() {
        test.worker(1, "a", 2);
        test.submit("one", "t", 4);
        test.submit("two", "t", 2);
        List<String> order = new ArrayList<>();
        test.on(new Ready(1, "one", 0, "one-w0", 1, "c"));
        order.add(test.one(SendAssign.class).workId());
        test.on(new Ready(1, "one", 0, "one-w1", 1, "c"));
        order.add(test.one(SendAssign.class).workId());
        test.on(new Ready(1, "two", 0, "two-w0", 1, "c"));
        order.add(test.one(SendAssign.class).workId());
        assertThat(order).containsExactly("two-w0", "one-w2", "two-w1");
        assertThat(test.coordinator.queued(Priority.INTERACTIVE)).isEqualTo(1);
    }

    @Test
    void workThatCameBackGoesBeforeFreshWork() {
        test.worker(1, "a", 1);
        test.submit("q", "t", 3);
        test.worker(2, "b", 0);
        test.on(new Failed(1, "q-w0", 1, FailureKind.INTERNAL, "x"));
        assertThat(test.one(SendAssign.class).workId())
                .as("b has no room for what a failed")
                .isEqualTo("q-w1");
        test.on(new StatusReceived(2, true, false, 1));
        assertThat(test.one(SendAssign.class).workId()).isEqualTo("q-w0");
    }
}
