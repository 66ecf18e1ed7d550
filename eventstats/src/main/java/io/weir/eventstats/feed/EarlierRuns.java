package io.weir.eventstats.feed;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What earlier runs of a query tell about the next one.
 *
 * @param durationsMillis of those that were computed and succeeded, the latest first
 * @param last how the latest ended; null if there was none
 */
record EarlierRuns(List<Long> durationsMillis, @Nullable Outcome last) {
    static final EarlierRuns NONE = new EarlierRuns(List.of(), null);

    EarlierRuns {
        durationsMillis = List.copyOf(durationsMillis);
    }

    /** Which runs are compared: of the same expression, asked for in the same way. */
    record Key(String tenant, String canonicalHash, String kind) {}

    /**
     * How a run ended.
     *
     * @param status succeeded, failed, canceled or unavailable
     * @param errorCode null on success
     * @param precomputed whether it was answered from precomputed results
     */
    record Outcome(
            String queryId,
            String status,
            Instant finishedAt,
            long durationMillis,
            @Nullable String errorCode,
            boolean precomputed) {}

    /** With one more run, the latest; so many are kept. */
    EarlierRuns with(Outcome outcome, int runsMax) {
        List<Long> durations = new ArrayList<>();
        // How long an answer took that was there already tells nothing of one that has to be computed.
        if (outcome.status().equals("succeeded") && !outcome.precomputed()) {
            durations.add(outcome.durationMillis());
        }
        durations.addAll(durationsMillis);
        return new EarlierRuns(durations.subList(0, Math.min(runsMax, durations.size())), outcome);
    }

    /** The median duration; empty if none succeeded. */
    OptionalLong medianMillis() {
        if (durationsMillis.isEmpty()) {
            return OptionalLong.empty();
        }
        long[] sorted =
                durationsMillis.stream().mapToLong(Long::longValue).sorted().toArray();
        int middle = sorted.length / 2;
        return OptionalLong.of(
                sorted.length % 2 == 1
                        ? sorted[middle]
                        : Arrays.stream(sorted, middle - 1, middle + 1).sum() / 2);
    }

    /** Whole seconds that a run has still to go, rounded up; null if unknown. */
    @Nullable
    Integer etaSeconds(long elapsedMillis) {
        OptionalLong median = medianMillis();
        if (median.isEmpty()) {
            return null;
        }
        long left = Math.max(0, median.getAsLong() - elapsedMillis);
        return (int) Math.min(Integer.MAX_VALUE, (left + 999) / 1_000);
    }
}
