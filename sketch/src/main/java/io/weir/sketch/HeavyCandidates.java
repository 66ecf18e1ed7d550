package io.weir.sketch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A bounded set of items that may be the heaviest of a stream: every item above {@code total / capacity} is in it.
 *
 * <p>Source: Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements in data streams" (2005): a new
 * item takes the place, and the weight, of the lightest. The weights only decide who stays; answers come from a matrix.
 */
final class HeavyCandidates {
    /* Implementation notes: a binary heap with the lightest at 0, and the position of each item, so that raising one is
     * a sift down. */

    private static final int ENTRY_BYTES = 120;

    private static final class Entry {
        private SketchKey key;
        private double weight;
        private int position;

        private Entry(SketchKey key, double weight, int position) {
            this.key = key;
            this.weight = weight;
            this.position = position;
        }
    }

    private final int capacity;
    private final Map<SketchKey, Entry> byKey = new HashMap<>();
    private final List<Entry> heap = new ArrayList<>();

    HeavyCandidates(int capacity) {
        this.capacity = capacity;
    }

    Set<SketchKey> keys() {
        return Collections.unmodifiableSet(byKey.keySet());
    }

    List<HeavyHitter> tracked() {
        return heap.stream()
                .map(entry -> new HeavyHitter(entry.key, entry.weight))
                .toList();
    }

    void offer(SketchKey key, double weight) {
        Entry known = byKey.get(key);
        if (known != null) {
            known.weight += weight;
            siftDown(known.position);
        } else if (heap.size() < capacity) {
            Entry added = new Entry(key, weight, heap.size());
            heap.add(added);
            byKey.put(key, added);
            siftUp(added.position);
        } else if (capacity > 0) {
            Entry lightest = heap.getFirst();
            byKey.remove(lightest.key);
            lightest.key = key;
            lightest.weight += weight;
            byKey.put(key, lightest);
            siftDown(0);
        }
    }

    /** Forgets all and remembers these, as many as there is room for. */
    void replaceWith(List<HeavyHitter> hitters) {
        byKey.clear();
        heap.clear();
        hitters.forEach(hitter -> offer(hitter.key(), hitter.weight()));
    }

    long retainedBytes() {
        return (long) ENTRY_BYTES * heap.size();
    }

    private void siftUp(int start) {
        int at = start;
        while (at > 0 && isLighter(at, (at - 1) / 2)) {
            Collections.swap(heap, at, (at - 1) / 2);
            heap.get(at).position = at;
            at = (at - 1) / 2;
        }
        heap.get(at).position = at;
    }

    private void siftDown(int start) {
        int at = start;
        while (true) {
            int lightest = at;
            for (int child = 2 * at + 1; child <= 2 * at + 2 && child < heap.size(); child++) {
                lightest = isLighter(child, lightest) ? child : lightest;
            }
            if (lightest == at) {
                heap.get(at).position = at;
                return;
            }
            Collections.swap(heap, at, lightest);
            heap.get(at).position = at;
            at = lightest;
        }
    }

    private boolean isLighter(int first, int second) {
        return heap.get(first).weight < heap.get(second).weight;
    }

    @Override
    public String toString() {
        return Arrays.toString(heap.stream().map(entry -> entry.key.text()).toArray());
    }
}
