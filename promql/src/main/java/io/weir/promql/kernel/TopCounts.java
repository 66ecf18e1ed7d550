package io.weir.promql.kernel;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.ObjIntConsumer;

/**
 * The most frequent values of a {@link CountedWindow}, followed from window to window; of equally frequent ones those whose text comes first.
 *
 * <p>Neighbouring windows differ in few samples, so most of the time the best stay the best: nothing outside of them has more than {@code bound}
 * occurrences, so one of the best that still has more is among them still. Only when one falls to the bound is the window looked through.
 */
final class TopCounts {
    private static final int UNKNOWN = -1;

    private int k;
    private boolean known;
    /** The slots of the best, in no order. */
    private int[] best = new int[16];

    private int size;
    /** By slot. */
    private boolean[] isBest = new boolean[0];
    /** No value outside of the best has more occurrences. */
    private int bound;
    /** Position in {@link #best} of the one that goes first. */
    private int worst = UNKNOWN;
    /** By number of occurrences, how many values have them. */
    private int[] valuesByCount = new int[64];

    /** The window has been emptied, or its slots have moved. */
    void forget() {
        known = false;
    }

    /** A value has come once more. */
    void grown(CountedWindow window, int slot) {
        if (!known) {
            return;
        }
        if (isBest[slot]) {
            worst = UNKNOWN;
        } else if (size < k) {
            add(slot);
        } else {
            int count = window.count(slot);
            if (count > bound) {
                bound = count;
            }
            int last = worst(window);
            if (isBetter(window, slot, best[last])) {
                bound = Math.max(bound, window.count(best[last]));
                isBest[best[last]] = false;
                best[last] = slot;
                isBest[slot] = true;
                worst = UNKNOWN;
            }
        }
    }

    /** A value has gone once. */
    void shrunk(CountedWindow window, int slot) {
        if (known && isBest[slot]) {
            worst = UNKNOWN;
            known = window.count(slot) > bound;
        }
    }

    /**
     * Gives the most frequent values, in any order.
     *
     * @param wanted how many at most, at least 1
     */
    void give(CountedWindow window, int wanted, ObjIntConsumer<String> sink) {
        if (!known || wanted != k) {
            k = wanted;
            choose(window);
        }
        for (int i = 0; i < size; i++) {
            sink.accept(window.text(best[i]), window.count(best[i]));
        }
    }

    private void choose(CountedWindow window) {
        if (isBest.length == window.slots()) {
            Arrays.fill(isBest, false);
        } else {
            isBest = new boolean[window.slots()];
        }
        size = 0;
        worst = UNKNOWN;
        known = true;
        bound = 0;
        if (window.distinct() <= k) {
            for (int slot = 0; slot < window.slots(); slot++) {
                if (window.count(slot) > 0) {
                    add(slot);
                }
            }
            return;
        }
        int least = leastCount(window);
        // one of those that are left out has as many as the last of the best, or less
        bound = least;
        // where values hardly repeat, nearly all of them are tied, and few are wanted: no sorting
        Comparator<Integer> lastFirst = (left, right) -> window.text(right).compareTo(window.text(left));
        PriorityQueue<Integer> ties = new PriorityQueue<>(lastFirst);
        for (int slot = 0; slot < window.slots(); slot++) {
            if (window.count(slot) > least) {
                add(slot);
            }
        }
        int wanted = k - size;
        for (int slot = 0; slot < window.slots(); slot++) {
            if (window.count(slot) == least) {
                if (ties.size() < wanted) {
                    ties.add(slot);
                } else if (window.text(slot).compareTo(window.text(ties.element())) < 0) {
                    ties.remove();
                    ties.add(slot);
                }
            }
        }
        ties.forEach(this::add);
    }

    /** The count of the k-th most frequent value. */
    private int leastCount(CountedWindow window) {
        Arrays.fill(valuesByCount, 0);
        int most = 0;
        for (int slot = 0; slot < window.slots(); slot++) {
            int count = window.count(slot);
            if (count > 0) {
                if (count >= valuesByCount.length) {
                    valuesByCount = Arrays.copyOf(valuesByCount, Math.max(count + 1, 2 * valuesByCount.length));
                }
                valuesByCount[count]++;
                most = Math.max(most, count);
            }
        }
        int count = most;
        for (int seen = valuesByCount[count]; seen < k; seen += valuesByCount[count]) {
            count--;
        }
        return count;
    }

    private void add(int slot) {
        if (size == best.length) {
            best = Arrays.copyOf(best, 2 * size);
        }
        best[size++] = slot;
        isBest[slot] = true;
        worst = UNKNOWN;
    }

    private int worst(CountedWindow window) {
        if (worst == UNKNOWN) {
            worst = 0;
            for (int i = 1; i < size; i++) {
                if (isBetter(window, best[worst], best[i])) {
                    worst = i;
                }
            }
        }
        return worst;
    }

    private static boolean isBetter(CountedWindow window, int slot, int other) {
        int difference = window.count(slot) - window.count(other);
        return difference > 0 || (difference == 0 && window.text(slot).compareTo(window.text(other)) < 0);
    }
}
