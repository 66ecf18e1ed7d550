package io.weir.queryapi.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.proto.control.v1.WorkStatistics;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.queryapi.fetch.FetchedFile;
import io.weir.queryapi.workmanager.WorkManager.FetchedArtifact;
import io.weir.queryapi.workmanager.WorkUnit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class OrderedCoordinatorTest {
    private static WorkUnit unit(String id) {
        return new WorkUnit(0, id, "key", WorkSpec.getDefaultInstance());
    }

    private static FetchedArtifact artifact(String id) {
        return new FetchedArtifact(
                new FetchedFile(Path.of(id), () -> {}), 1, "worker", WorkStatistics.getDefaultInstance());
    }

    @Test
    void groupsComeInOrderWhateverTheOrderOfArrival() {
        long seed = 99;
        Random random = new Random(seed);
        List<List<WorkUnit>> groups =
                List.of(List.of(unit("a0"), unit("a1")), List.of(), List.of(unit("c0"), unit("c1"), unit("c2")));
        for (int round = 0; round < 100; round++) {
            OrderedCoordinator coordinator = new OrderedCoordinator(groups);
            List<WorkUnit> arrivals =
                    new ArrayList<>(groups.stream().flatMap(List::stream).toList());
            Collections.shuffle(arrivals, random);
            List<String> out = new ArrayList<>();
            for (WorkUnit arrival : arrivals) {
                assertThat(coordinator.add(arrival, artifact(arrival.workId()))).isTrue();
                assertThat(coordinator.add(arrival, artifact("duplicate"))).isFalse();
                List<FetchedArtifact> group = coordinator.poll();
                while (group != null) {
                    group.forEach(artifact -> out.add(artifact.file().toString()));
                    out.add("|");
                    group = coordinator.poll();
                }
            }
            assertThat(out).as("seed=%s", seed).containsExactly("a0", "a1", "|", "|", "c0", "c1", "c2", "|");
        }
    }

    @Test
    void refusesStrangersAndLateOnesAndDrainsTheRest() {
        OrderedCoordinator coordinator =
                new OrderedCoordinator(List.of(List.of(unit("a")), List.of(unit("b"), unit("c"))));
        assertThat(coordinator.add(unit("x"), artifact("x"))).isFalse();
        assertThat(coordinator.add(unit("b"), artifact("b"))).isTrue();
        assertThat(coordinator.poll()).isNull();
        assertThat(coordinator.add(unit("a"), artifact("a"))).isTrue();
        assertThat(coordinator.poll()).hasSize(1);
        assertThat(coordinator.add(unit("a"), artifact("a"))).isFalse();
        assertThat(coordinator.drain()).extracting(FetchedArtifact::file).containsExactly(Path.of("b"));
        assertThatThrownBy(() -> new OrderedCoordinator(List.of(List.of(unit("a"), unit("a")))))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
