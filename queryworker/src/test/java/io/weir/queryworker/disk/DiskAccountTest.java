package io.weir.queryworker.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.queryworker.disk.DiskAccount.Admission;
import io.weir.queryworker.disk.DiskAccount.Eviction;
import io.weir.queryworker.disk.DiskAccount.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class DiskAccountTest {
    private static final DiskLimits LIMITS = new DiskLimits(1000, 900, 700, 200);

    private final DiskAccount account = new DiskAccount(LIMITS);

    private List<Eviction> admitted(Kind kind, String id, long size, long now) {
        return ((Admission.Admitted) account.admit(kind, id, size, now)).evictions();
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
        assertThat(account.admit(Kind.CACHE, "big", 500, 0)).isInstanceOf(Admission.Refused.class);
        assertThat(account.admit(Kind.CACHE, "bigger", 701, 0)).isInstanceOf(Admission.Refused.class);
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
        Admission admission = account.admit(Kind.ARTIFACT, "new", 300, 0);
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
        assertThatThrownBy(() -> new DiskLimits(1000, 900, 950, 10)).hasMessageContaining("low watermark (950)");
        assertThatThrownBy(() -> new DiskLimits(1000, 900, 100, 100)).hasMessageContaining("artifact floor");
        assertThat(DiskLimits.ofTotal(1000).highWatermarkBytes()).isEqualTo(900);
    }

    /** What the test knows of an entry, kept apart from the account. */
    private static final class Known {
        final Kind kind;
        final long size;
        int pins;
        boolean acknowledged;
        long expires = Long.MAX_VALUE;
        long order;

        Known(Kind kind, long size) {
            this.kind = kind;
            this.size = size;
        }

        int evictionClass(long now) {
            if (kind == Kind.CACHE) {
                return 0;
            }
            return acknowledged ? 1 : expires <= now ? 2 : 3;
        }
    }

    @Test
    void anySequenceKeepsTheBooksAndTheOrder() {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        var random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            var books = new DiskAccount(LIMITS);
            Map<String, Known> known = new HashMap<>();
            long now = 0;
            for (int i = 0; i < 200; i++) {
                now += random.nextInt(20);
                if (known.isEmpty() || random.nextInt(3) == 0) {
                    admitAndCheck(books, known, random, "e" + i, now);
                } else {
                    List<String> ids = new ArrayList<>(known.keySet());
                    ids.sort(null);
                    String id = ids.get(random.nextInt(ids.size()));
                    change(books, known, random, id, now);
                }
                checkSums(books, known);
            }
        }
    }

    private static void change(DiskAccount books, Map<String, Known> known, Random random, String id, long now) {
        Known entry = Objects.requireNonNull(known.get(id));
        switch (random.nextInt(5)) {
            case 0 -> {
                assertThat(books.pin(entry.kind, id)).isTrue();
                entry.pins++;
                entry.order = entry.kind == Kind.CACHE ? System.nanoTime() : entry.order;
            }
            case 1, 2 -> {
                if (entry.pins > 0) {
                    if (entry.kind == Kind.ARTIFACT && entry.expires == Long.MAX_VALUE) {
                        entry.expires = now + random.nextInt(300);
                        entry.order = System.nanoTime();
                        books.publish(id, entry.size, entry.expires);
                    } else {
                        books.unpin(entry.kind, id);
                    }
                    entry.pins--;
                }
            }
            case 3 -> {
                if (entry.kind == Kind.ARTIFACT) {
                    books.acknowledge(id);
                    entry.acknowledged = true;
                }
            }
            default -> {
                if (random.nextInt(4) == 0) {
                    assertThat(books.remove(entry.kind, id)).isTrue();
                    known.remove(id);
                }
            }
        }
    }

    private static void admitAndCheck(DiskAccount books, Map<String, Known> known, Random random, String id, long now) {
        Kind kind = random.nextBoolean() ? Kind.CACHE : Kind.ARTIFACT;
        long size = random.nextInt(300);
        long used = books.cacheBytes() + books.artifactBytes();
        long evictable = 0;
        for (Known entry : known.values()) {
            if (entry.pins == 0 && (kind == Kind.ARTIFACT || entry.evictionClass(now) < 3)) {
                evictable += entry.size;
            }
        }
        switch (books.admit(kind, id, size, now)) {
            case Admission.Refused refused -> {
                if (kind == Kind.ARTIFACT) {
                    assertThat(used - evictable + size).isGreaterThan(LIMITS.totalBytesMax());
                }
                assertThat(books.cacheBytes() + books.artifactBytes()).isEqualTo(used);
            }
            case Admission.Admitted admitted -> {
                Set<String> gone = new HashSet<>(ids(admitted.evictions()));
                int last = 0;
                long lastOrder = Long.MIN_VALUE;
                for (Eviction eviction : admitted.evictions()) {
                    Known entry = Objects.requireNonNull(known.get(eviction.id()));
                    assertThat(entry.pins).as("pinned files stay").isZero();
                    int evictionClass = entry.evictionClass(now);
                    assertThat(evictionClass).isGreaterThanOrEqualTo(last);
                    assertThat(eviction.lost()).isEqualTo(evictionClass == 3);
                    if (evictionClass == last) {
                        assertThat(entry.order).isGreaterThan(lastOrder);
                    }
                    last = evictionClass;
                    lastOrder = entry.order;
                }
                for (Map.Entry<String, Known> other : known.entrySet()) {
                    if (!gone.contains(other.getKey()) && other.getValue().pins == 0) {
                        assertThat(other.getValue().evictionClass(now))
                                .as("nothing of an earlier class is left")
                                .isGreaterThanOrEqualTo(gone.isEmpty() ? 0 : last);
                    }
                }
                assertThat(kind == Kind.CACHE && last == 3)
                        .as("no work is lost for the cache")
                        .isFalse();
                gone.forEach(known::remove);
                var entry = new Known(kind, size);
                entry.pins = 1;
                entry.order = System.nanoTime();
                known.put(id, entry);
            }
        }
    }

    private static void checkSums(DiskAccount books, Map<String, Known> known) {
        long cache = 0;
        long artifacts = 0;
        for (Known entry : known.values()) {
            if (entry.kind == Kind.CACHE) {
                cache += entry.size;
            } else {
                artifacts += entry.size;
            }
        }
        assertThat(books.cacheBytes()).isEqualTo(cache).isLessThanOrEqualTo(700);
        assertThat(books.artifactBytes()).isEqualTo(artifacts);
        assertThat(cache + artifacts).isLessThanOrEqualTo(LIMITS.totalBytesMax());
    }
}
