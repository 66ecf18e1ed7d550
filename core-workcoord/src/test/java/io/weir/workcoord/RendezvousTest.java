package io.weir.workcoord;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class RendezvousTest {
    private static String best(String key, List<String> workers) {
        String best = workers.getFirst();
        long keyHash = Rendezvous.hash(key);
        for (String worker : workers) {
            long score = Rendezvous.score(keyHash, Rendezvous.hash(worker));
            if (Rendezvous.ranksBefore(score, worker, Rendezvous.score(keyHash, Rendezvous.hash(best)), best)) {
                best = worker;
            }
        }
        return best;
    }

    @Test
    void aRemovedWorkerMovesOnlyItsOwnKeys() {
        List<String> five = List.of("w1", "w2", "w3", "w4", "w5");
        List<String> four = List.of("w1", "w2", "w4", "w5");
        for (int i = 0; i < 10_000; i++) {
            String before = best("tenant/" + i, five);
            if (!before.equals("w3")) {
                assertThat(best("tenant/" + i, four)).isEqualTo(before);
            }
        }
    }

    @Test
    void keysSpreadEvenlyEvenWithSimilarNames() {
        List<String> workers = List.of("worker-0", "worker-1", "worker-2", "worker-3");
        int[] counts = new int[4];
        for (int i = 0; i < 20_000; i++) {
            counts[workers.indexOf(best("default/" + i, workers))]++;
        }
        for (int count : counts) {
            assertThat(count).isBetween(4_700, 5_300);
        }
    }

    @Test
    void scoresNeverChange() {
        // Other values would move every key of a running cluster on an upgrade.
        assertThat(Rendezvous.hash("")).isEqualTo(HASH_OF_EMPTY);
        assertThat(Rendezvous.score(Rendezvous.hash("k"), Rendezvous.hash("w"))).isEqualTo(SCORE_K_W);
    }

    @Test
    void equalScoresRankByIdAndOthersAsUnsignedNumbers() {
        assertThat(Rendezvous.ranksBefore(5, "a", 5, "b")).isTrue();
        assertThat(Rendezvous.ranksBefore(5, "b", 5, "a")).isFalse();
        assertThat(Rendezvous.ranksBefore(5, "a", 5, "a")).isFalse();
        assertThat(Rendezvous.ranksBefore(6, "b", 5, "a")).isTrue();
        assertThat(Rendezvous.ranksBefore(5, "a", 6, "b")).isFalse();
        assertThat(Rendezvous.ranksBefore(-1, "b", 1, "a")).isTrue();
    }

    @Test
    void bothBytesOfEveryUnitCount() {
        assertThat(Rendezvous.hash("\u0101")).isNotEqualTo(Rendezvous.hash("\u0001"));
        assertThat(Rendezvous.hash("\u0101")).isNotEqualTo(Rendezvous.hash("\u0100"));
        assertThat(Rendezvous.hash("ab\u20ac")).isEqualTo(HASH_OF_AB_EURO);
    }

    private static final long HASH_OF_AB_EURO = -893891678254779065L;
    private static final long HASH_OF_EMPTY = -1166397803181037274L;
    private static final long SCORE_K_W = -5887593475118231718L;
}
