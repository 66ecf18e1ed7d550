package io.weir.precompute.source.pushed;

import io.weir.sketch.delta.DeltaState.Known;
import java.util.Comparator;
import java.util.List;

/**
 * How much of a window one sender has told all of.
 *
 * <p>A sketch counts where it ends, as a sample does: of (from, to] are those that end there. They cover the window if they follow each other
 * without a hole, the first begins at {@code from} or before, and no other was due before {@code to}: the last ends there, or the next one, as
 * long as the last, ends later. A pusher's intervals need not end when ticks are, therefore.
 */
final class PushedCoverage {
    private PushedCoverage() {}

    /** A time that a sender told of: (fromMillis, throughMillis]. */
    record Span(long fromMillis, long throughMillis) {
        static Span of(Known known) {
            return new Span(known.fromMillis(), known.throughMillis());
        }
    }

    /**
     * The share of (fromMillis, toMillis], 1 only if nothing is missing.
     *
     * @param spans of the sender's sketches, of any label set
     * @param isNew the sender was not there when the window began, so before its first sketch nothing is missing
     */
    static double share(List<Span> spans, long fromMillis, long toMillis, long straddleMillisMax, boolean isNew) {
        List<Span> inside = spans.stream()
                .filter(it -> it.throughMillis > fromMillis && it.throughMillis <= toMillis)
                .sorted(Comparator.comparingLong(Span::fromMillis).thenComparingLong(Span::throughMillis))
                .toList();
        if (inside.isEmpty()) {
            return 0;
        }
        long first = inside.getFirst().fromMillis;
        long covered = isNew ? Math.max(0, first - fromMillis) : 0;
        long known = isNew ? Math.max(first, fromMillis) : fromMillis;
        boolean straddles = first < fromMillis - straddleMillisMax;
        Span last = inside.getFirst();
        for (Span span : inside) {
            long begin = Math.max(known, span.fromMillis);
            covered += Math.max(0, span.throughMillis - begin);
            known = Math.max(known, span.throughMillis);
            last = span.throughMillis >= last.throughMillis ? span : last;
        }
        long lengthMillis = last.throughMillis - last.fromMillis;
        if (last.throughMillis + lengthMillis > toMillis) {
            covered += toMillis - last.throughMillis;
        }
        double share = (double) covered / (toMillis - fromMillis);
        // A sketch of much more than the window is no part of it.
        return straddles ? 0 : share;
    }
}
