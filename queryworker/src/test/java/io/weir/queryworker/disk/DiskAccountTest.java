package io.weir.queryworker.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.queryworker.disk.DiskAccount.Admission;
import io.weir.queryworker.disk.DiskAccount.Eviction;
import io.weir.queryworker.disk.DiskAccount.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DiskAccountTest {
    private static final DiskLimits LIMITS = new DiskLimits(1000, 900, 700, 200, 0, 0, 1_000);
    private static final long PLENTY = Long.MAX_VALUE;

    private final DiskAccount account = new DiskAccount(LIMITS);

    private List<Eviction> admitted(Kind kind, String id, long size, long now) {
        return ((Admission.Admitted) admit(kind, id, size, now)).evictions();
    }

    private Admission admit(Kind kind, String id, long size, long now) {
        return account.admit(kind, id, size, now, PLENTY, true);
    }

    private void cached(String id, long size) {
        assertThat(admitted(Kind.CACHE, id, size, 0)).isEmpty();
        account.unpin(Kind.CACHE, id);
    }

    private void artifact(String id, long size, long expires) {
        admitted(Kind.ARTIFACT, id, size, 0);
        account.publish(id, size, expires);
    }

    private static List<String> ids(List<Eviction> evictions) {
        return evictions.stream().map(Eviction::id).toList();
    }

    @Test
    void evictsInTheOrderOfTheSpecification() {
        cached("cache-old", 100);
        cached("cache-used", 100);
        artifact("unacked-old", 150, 5000);
        artifact("unacked-young", 150, 5000);
        artifact("expired", 150, 1000);
        artifact("acked", 150, 5000);
        account.acknowledge("acked");
        account.pin(Kind.CACHE, "cache-old");
        account.unpin(Kind.CACHE, "cache-old");
        List<Eviction> evictions = admitted(Kind.ARTIFACT, "new", 650, 2000);
        assertThat(ids(evictions)).containsExactly("cache-used", "cache-old", "acked", "expired", "unacked-old");
        assertThat(evictions).extracting(Eviction::lost).containsExactly(false, false, false, false, true);
    }

    @Test
    void stopsAtTheLowWatermarkAndSparesUnacknowledgedArtifacts() {
        artifact("unacked", 300, 5000);
        cached("a", 200);
        cached("b", 200);
        cached("c", 100);
        assertThat(ids(admitted(Kind.ARTIFACT, "new", 150, 0))).containsExactly("a", "b");
        assertThat(account.artifactBytes()).isEqualTo(450);
        assertThat(account.cacheBytes()).isEqualTo(100);
    }

    @Test
    void cacheNeverTakesTheArtifactFloorNorUnfetchedArtifacts() {
        cached("a", 400);
        cached("b", 300);
        assertThat(ids(admitted(Kind.CACHE, "c", 100, 0))).containsExactly("a");
        artifact("unacked", 450, 5000);
        assertThat(admit(Kind.CACHE, "big", 500, 0)).isInstanceOf(Admission.Refused.class);
        assertThat(admit(Kind.CACHE, "bigger", 701, 0)).isInstanceOf(Admission.Refused.class);
        assertThat(account.pins(Kind.ARTIFACT, "unacked")).isZero();
        assertThat(account.pins(Kind.CACHE, "b"))
                .as("a refusal changes nothing")
                .isZero();
    }

    @Test
    void pinnedFilesStayAndARefusalNamesWhatFillsTheDisk() {
        admitted(Kind.CACHE, "pinned", 600, 0);
        artifact("sent", 200, 5000);
        account.pin(Kind.ARTIFACT, "sent");
        Admission admission = admit(Kind.ARTIFACT, "new", 300, 0);
        assertThat(admission)
                .isInstanceOfSatisfying(
                        Admission.Refused.class,
                        refused -> assertThat(refused.reason())
                                .contains(
                                        "300 bytes do not fit",
                                        "600 bytes of cached segments",
                                        "200 bytes of artifacts",
                                        "larger disk"));
        assertThat(admitted(Kind.ARTIFACT, "small", 200, 0))
                .as("between high watermark and total")
                .isEmpty();
    }

    @Test
    void limitsMustBeInOrder() {
        assertThatThrownBy(() -> new DiskLimits(1000, 900, 950, 10, 0, 0, 1))
                .hasMessageContaining("low watermark (950)");
        assertThatThrownBy(() -> new DiskLimits(1000, 900, 100, 100, 0, 0, 1)).hasMessageContaining("artifact floor");
        assertThatThrownBy(() -> new DiskLimits(1000, 900, 700, 100, -1, 0, 1)).hasMessageContaining("not negative");
        DiskLimits proportions = DiskLimits.ofTotal(1000);
        assertThat(List.of(proportions.high(), proportions.low(), proportions.floor()))
                .containsExactly(900L, 750L, 250L);
    }

    @Test
    void aGrowingArtifactMakesRoomForWhatItGrowsBy() {
        cached("a", 300);
        cached("b", 200);
        admitted(Kind.ARTIFACT, "grows", 100, 0);
        assertThat(account.grow("grows", 50, 0, PLENTY, true)).isEqualTo(new Admission.Admitted(List.of()));
        assertThat(account.artifactBytes())
                .as("it does not shrink before it is written")
                .isEqualTo(100);
        Admission grown = account.grow("grows", 500, 0, PLENTY, true);
        assertThat(ids(((Admission.Admitted) grown).evictions())).containsExactly("a");
        assertThat(account.artifactBytes()).isEqualTo(500);
        assertThat(account.grow("grows", 1001, 0, PLENTY, true)).isInstanceOf(Admission.Refused.class);
        assertThat(account.artifactBytes()).as("a refusal changes nothing").isEqualTo(500);
        account.publish("grows", 450, 1000);
        assertThat(account.artifactBytes()).isEqualTo(450);
        assertThatThrownBy(() -> account.grow("grows", 600, 0, PLENTY, true)).hasMessageContaining("not being written");
    }

    @Test
    void withoutLossNobodysUnfetchedArtifactGoes() {
        artifact("unfetched", 800, 5000);
        assertThat(account.admit(Kind.ARTIFACT, "new", 150, 0, PLENTY, false)).isInstanceOf(Admission.Refused.class);
        assertThat(ids(admitted(Kind.ARTIFACT, "new", 150, 0))).containsExactly("unfetched");
    }

    @Test
    void theFileSystemsRoomCountsWhenItIsLess() {
        DiskAccount small = new DiskAccount(new DiskLimits(1000, 900, 700, 200, 50, 0, 1_000));
        assertThat(small.artifactRoom(0, 1_050)).isEqualTo(1_000);
        assertThat(small.artifactRoom(0, 350)).isEqualTo(300);
        assertThat(small.artifactRoom(0, 20)).isZero();
        assertThat(small.admit(Kind.ARTIFACT, "a", 301, 0, 350, true))
                .isInstanceOfSatisfying(
                        Admission.Refused.class,
                        refused -> assertThat(refused.reason())
                                .contains("350 bytes left, 50 of them for others", "worker-disk-file-system-free"));
        assertThat(small.admit(Kind.CACHE, "c", 100, 0, 350, false)).isInstanceOf(Admission.Admitted.class);
        assertThat(small.artifactRoom(0, 350))
                .as("what is being written is promised though it is not on the disk yet")
                .isEqualTo(200);
        small.written(Kind.CACHE, "c", 100);
        small.unpin(Kind.CACHE, "c");
        assertThat(small.artifactRoom(0, 250)).as("the cache would go").isEqualTo(300);
        assertThat(small.relieve(0, 60)).as("others have their room").isEmpty();
        assertThat(ids(small.relieve(0, 40))).as("others have filled the disk").containsExactly("c");
    }
}
