package io.weir.queryworker.disk;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Random operations on the books beside a model of the disk that knows what is really written and what others take. */
final class DiskAccountRandomTest {
    private static final DiskLimits LIMITS = new DiskLimits(1000, 900, 700, 200, 40, 0, 1_000);
    private static final long FILE_SYSTEM_BYTES = 1_400;
    private static final int ROUNDS = 1_000;
    private static final int OPERATIONS = 200;

    /** What the model knows of an entry, kept apart from the account. */
    private static final class Known {
        final Kind kind;
        long size;
        long onDisk;
        int pins = 1;
        boolean writing = true;
        boolean acknowledged;
        long expires = Long.MAX_VALUE;
        long order;

        Known(Kind kind, long size, long order) {
            this.kind = kind;
            this.size = size;
            this.order = order;
        }

        int evictionClass(long now) {
            if (kind == Kind.CACHE) {
                return 0;
            }
            return acknowledged ? 1 : expires <= now ? 2 : 3;
        }
    }

    private final Map<String, Known> known = new HashMap<>();
    private final Map<String, Integer> seen = new HashMap<>();
    private DiskAccount books = new DiskAccount(LIMITS);
    private Random random = new Random(0);
    private long others;
    private long now;
    private long order;

    @Test
    void anySequenceKeepsTheLimitsTheFloorTheOrderAndThePins() {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("seed=" + seed);
        random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            books = new DiskAccount(LIMITS);
            known.clear();
            others = random.nextInt(300);
            now = 0;
            for (int i = 0; i < OPERATIONS; i++) {
                now += random.nextInt(20);
                step("e" + i);
                checkSums();
            }
        }
        assertThat(seen.keySet())
                .as("what happened at all: " + seen)
                .contains(
                        "admitted CACHE",
                        "admitted ARTIFACT",
                        "refused CACHE",
                        "refused ARTIFACT",
                        "grown",
                        "evicted 0")
                .contains("evicted 1", "evicted 2", "evicted 3", "relieved", "refused growth", "refused without loss");
    }

    private void step(String fresh) {
        int what = random.nextInt(12);
        if (known.isEmpty() || what < 4) {
            admit(fresh);
            return;
        }
        if (what == 4) {
            others = Math.clamp(others + random.nextInt(301) - 150, 0, FILE_SYSTEM_BYTES - onDisk());
            return;
        }
        if (what == 5) {
            relieve();
            return;
        }
        List<String> ids = new ArrayList<>(known.keySet());
        ids.sort(null);
        String id = ids.get(random.nextInt(ids.size()));
        change(id, Objects.requireNonNull(known.get(id)), what);
    }

    private void change(String id, Known entry, int what) {
        switch (what) {
            case 6 -> {
                assertThat(books.pin(entry.kind, id)).isTrue();
                entry.pins++;
                entry.order = entry.kind == Kind.CACHE ? ++order : entry.order;
            }
            case 7, 8 -> {
                if (entry.writing) {
                    finish(id, entry);
                } else if (entry.pins > 0) {
                    books.unpin(entry.kind, id);
                    entry.pins--;
                }
            }
            case 9 -> {
                if (entry.kind == Kind.ARTIFACT && !entry.writing) {
                    books.acknowledge(id);
                    entry.acknowledged = true;
                }
            }
            case 10 -> {
                if (entry.kind == Kind.ARTIFACT && entry.writing) {
                    grow(id, entry);
                }
            }
            default -> {
                if (random.nextInt(4) == 0) {
                    assertThat(books.remove(entry.kind, id)).isTrue();
                    known.remove(id);
                } else if (entry.writing) {
                    entry.onDisk += Math.min(Math.min(entry.size - entry.onDisk, usable()), random.nextInt(100));
                }
            }
        }
    }

    private void finish(String id, Known entry) {
        if (usable() < entry.size - entry.onDisk) {
            return; // The file system has no room for the rest.
        }
        long size = entry.kind == Kind.CACHE ? entry.size : random.nextLong(entry.onDisk, entry.size + 1);
        entry.writing = false;
        entry.size = size;
        entry.onDisk = size;
        entry.pins--;
        if (entry.kind == Kind.ARTIFACT) {
            entry.expires = now + random.nextInt(300);
            entry.order = ++order;
            books.publish(id, size, entry.expires);
        } else {
            books.written(Kind.CACHE, id, size);
            books.unpin(Kind.CACHE, id);
        }
    }

    private long usable() {
        return FILE_SYSTEM_BYTES - others - onDisk();
    }

    private long onDisk() {
        return known.values().stream().mapToLong(entry -> entry.onDisk).sum();
    }

    private long promised() {
        return known.values().stream().mapToLong(entry -> entry.size).sum();
    }

    private void admit(String id) {
        Kind kind = random.nextBoolean() ? Kind.CACHE : Kind.ARTIFACT;
        long size = random.nextInt(300);
        boolean mayLose = kind == Kind.ARTIFACT && random.nextInt(3) > 0;
        Admission admission = books.admit(kind, id, size, now, usable(), mayLose);
        if (taken(admission, kind, size, mayLose, null)) {
            known.put(id, new Known(kind, size, ++order));
            count("admitted " + kind);
            checkPromise();
        } else {
            count(mayLose || kind == Kind.CACHE ? "refused " + kind : "refused without loss");
        }
    }

    private void grow(String id, Known entry) {
        long size = entry.size + random.nextInt(300);
        boolean mayLose = random.nextBoolean();
        Admission admission = books.grow(id, size, now, usable(), mayLose);
        if (taken(admission, Kind.ARTIFACT, size - entry.size, mayLose, entry)) {
            boolean grown = size > entry.size;
            entry.size = size;
            count("grown");
            if (grown) {
                checkPromise();
            }
        } else {
            count("refused growth");
        }
    }

    private void relieve() {
        List<Eviction> evictions = books.relieve(now, usable());
        for (Eviction eviction : evictions) {
            count("relieved");
            assertThat(eviction.lost()).as("no work is lost for others").isFalse();
        }
        checkEvictions(evictions, null);
    }

    /** All that was promised fits beside the others, whatever of it is written already. */
    private void checkPromise() {
        assertThat(promised() + others + LIMITS.fileSystemFreeBytesMin()).isLessThanOrEqualTo(FILE_SYSTEM_BYTES);
    }

    private boolean taken(Admission admission, Kind kind, long size, boolean mayLose, @Nullable Known growing) {
        long used = promised();
        switch (admission) {
            case Admission.Refused refused -> {
                if (kind == Kind.ARTIFACT && mayLose) {
                    long stays = 0;
                    long writing = 0;
                    for (Known entry : known.values()) {
                        stays += entry.pins > 0 ? entry.size : 0;
                        writing += entry.writing ? entry.size : 0;
                    }
                    long there = Math.min(
                            LIMITS.totalBytesMax(), used + usable() - writing - LIMITS.fileSystemFreeBytesMin());
                    assertThat(stays + size)
                            .as("refused only when even all that may go is not enough")
                            .isGreaterThan(there);
                }
                assertThat(books.cacheBytes() + books.artifactBytes())
                        .as("a refusal changes nothing")
                        .isEqualTo(used);
                return false;
            }
            case Admission.Admitted admitted -> {
                int last = checkEvictions(admitted.evictions(), growing);
                assertThat(last == 3 && !mayLose)
                        .as("no work is lost without permission")
                        .isFalse();
                return true;
            }
        }
    }

    /** Order, pins, and nothing of an earlier class left when a later one had to go; the last class. */
    private int checkEvictions(List<Eviction> evictions, @Nullable Known growing) {
        Set<String> gone = new HashSet<>();
        int last = 0;
        long lastOrder = Long.MIN_VALUE;
        for (Eviction eviction : evictions) {
            Known entry = Objects.requireNonNull(known.get(eviction.id()));
            assertThat(entry.pins).as("pinned files stay").isZero();
            assertThat(entry).isNotSameAs(growing);
            int evictionClass = entry.evictionClass(now);
            count("evicted " + evictionClass);
            assertThat(evictionClass).isGreaterThanOrEqualTo(last);
            assertThat(eviction.lost()).isEqualTo(evictionClass == 3);
            if (evictionClass == last) {
                assertThat(entry.order).as("the oldest first").isGreaterThan(lastOrder);
            }
            last = evictionClass;
            lastOrder = entry.order;
            gone.add(eviction.id());
        }
        for (Map.Entry<String, Known> other : known.entrySet()) {
            if (!gone.contains(other.getKey()) && other.getValue().pins == 0) {
                assertThat(other.getValue().evictionClass(now))
                        .as("nothing of an earlier class is left")
                        .isGreaterThanOrEqualTo(gone.isEmpty() ? 0 : last);
            }
        }
        gone.forEach(known::remove);
        return last;
    }

    private void checkSums() {
        long cache = 0;
        long artifacts = 0;
        for (Known entry : known.values()) {
            if (entry.kind == Kind.CACHE) {
                cache += entry.size;
            } else {
                artifacts += entry.size;
            }
        }
        assertThat(books.cacheBytes())
                .as("the artifacts' floor is kept")
                .isEqualTo(cache)
                .isLessThanOrEqualTo(LIMITS.high() - LIMITS.floor());
        assertThat(books.artifactBytes()).isEqualTo(artifacts);
        assertThat(cache + artifacts).isLessThanOrEqualTo(LIMITS.totalBytesMax());
    }

    private void count(String what) {
        seen.merge(what, 1, Integer::sum);
    }
}
