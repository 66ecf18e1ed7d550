package io.weir.workcoord.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendAssign;
import io.weir.workcoord.coordinator.CoordinatorEvent.Ready;
import io.weir.workcoord.coordinator.CoordinatorEvent.SessionOpened;
import io.weir.workcoord.coordinator.CoordinatorEvent.Submit;
import io.weir.workcoord.coordinator.CoordinatorEvent.Unit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A coordinator under test: a clock, short ways to say what happens, and what the last event led to. */
final class CoordinatorFixture {
    static final CoordinatorLimits LIMITS =
            new CoordinatorLimits(HeartbeatLimits.DEFAULT, 20, 5, 3, 6, 4, 100, 3, 2_000, 5_000);

    final Coordinator coordinator;
    long now = 1_000;
    List<CoordinatorEffect> effects = List.of();

    CoordinatorFixture(CoordinatorLimits limits) {
        this.coordinator = new Coordinator(limits);
    }

    List<CoordinatorEffect> on(CoordinatorEvent event) {
        effects = coordinator.handle(event, now);
        return effects;
    }

    /** Time passes with every worker's heartbeats coming in. */
    void pass(long millis) {
        long end = now + millis;
        while (now < end) {
            now = Math.min(end, now + 1_000);
            List<CoordinatorEffect> all = new ArrayList<>();
            for (WorkerSnapshot worker : coordinator.workers()) {
                all.addAll(on(new CoordinatorEvent.HeartbeatReceived(worker.session(), 1, true)));
            }
            all.removeIf(CoordinatorEffect.SendHeartbeat.class::isInstance);
            effects = all;
        }
    }

    void worker(long session, String id, int credits) {
        on(new SessionOpened(session, id, id + "-run1", "at-" + id, true, false, credits));
    }

    void submit(String query, String tenant, int units) {
        List<Unit> list = new ArrayList<>();
        for (int i = 0; i < units; i++) {
            list.add(new Unit(0, query + "-w" + i, "key" + i));
        }
        on(new Submit(query, tenant, now + 60_000, list));
    }

    <E extends CoordinatorEffect> List<E> all(Class<E> kind) {
        return effects.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    <E extends CoordinatorEffect> E one(Class<E> kind) {
        List<E> found = all(kind);
        assertThat(found).as("%s in %s", kind.getSimpleName(), effects).hasSize(1);
        return found.getFirst();
    }

    WorkSnapshot work(String workId) {
        return coordinator.works().stream()
                .filter(work -> work.workId().equals(workId))
                .findFirst()
                .orElseThrow();
    }

    WorkState state(String workId) {
        return work(workId).state();
    }

    WorkSnapshot.@Nullable Hedge hedge(String workId) {
        return work(workId).hedge();
    }

    WorkerSnapshot workerOf(long session) {
        return coordinator.workers().stream()
                .filter(worker -> worker.session() == session)
                .findFirst()
                .orElseThrow();
    }

    static Ready ready(SendAssign assign) {
        return new Ready(assign.session(), assign.queryId(), assign.leafId(), assign.workId(), assign.attempt(), "c1");
    }
}
