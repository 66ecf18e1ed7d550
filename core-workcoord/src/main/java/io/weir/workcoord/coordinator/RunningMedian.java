package io.weir.workcoord.coordinator;

import java.util.Comparator;
import java.util.PriorityQueue;

/** The median of the values added so far; of an even number of them the upper one. */
final class RunningMedian {
    /** The smaller half, largest first. As large as the other one or smaller by one. */
    private final PriorityQueue<Long> lower = new PriorityQueue<>(Comparator.reverseOrder());

    /** The larger half, smallest first: the median is its head. */
    private final PriorityQueue<Long> upper = new PriorityQueue<>();

    void add(long value) {
        lower.add(value);
        upper.add(lower.remove());
        if (upper.size() > lower.size() + 1) {
            lower.add(upper.remove());
        }
    }

    int count() {
        return lower.size() + upper.size();
    }

    /** @throws java.util.NoSuchElementException without values */
    long median() {
        return upper.element();
    }
}
