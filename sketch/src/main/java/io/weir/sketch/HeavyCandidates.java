package io.weir.sketch;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * A bounded set of items that may be the heaviest of a stream: every item above {@code total / capacity} is in it.
 *
 * <p>Source: Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements in data streams" (2005): a new
 * item takes the place, and the weight, of the lightest. The weights only decide who stays; answers come from a matrix.
 */
final class HeavyCandidates {
    /* Implementation notes: an item keeps its slot, and the columns of a slot lie in arrays, since merging reads the fingerprints of dozens of
     * sets in a row. A binary heap of slots has the lightest at 0; the position of each slot in it makes raising one a sift down. */

    private static final int ENTRY_BYTES = 128;
    private static final int SLOTS_FIRST = 16;

    private final int capacity;
    private final Map<SketchKey, Integer> slotByKey = new HashMap<>();
    private SketchKey[] keys = {};
    private long[] fingerprints = {};
    private double[] weights = {};
    private int[] heap = {};
    private int[] positions = {};
    private int size;

    HeavyCandidates(int capacity) {
        this.capacity = capacity;
    }

    Set<SketchKey> keys() {
        return Collections.unmodifiableSet(slotByKey.keySet());
    }

    int size() {
        return size;
    }

    void addTo(CandidateUnion union) {
        for (int slot = 0; slot < size; slot++) {
            union.add(keys[slot], fingerprints[slot]);
        }
    }

    /** @param fingerprint of the key, by the hasher of the sketch */
    void offer(SketchKey key, long fingerprint, double weight) {
        Integer known = slotByKey.get(key);
        if (known != null) {
            weights[known] += weight;
            siftDown(positions[known]);
        } else if (size < capacity) {
            int slot = size++;
            makeRoom();
            slotByKey.put(key, slot);
            keys[slot] = key;
            fingerprints[slot] = fingerprint;
            weights[slot] = weight;
            heap[slot] = slot;
            siftUp(slot);
        } else if (capacity > 0) {
            int lightest = heap[0];
            slotByKey.remove(keys[lightest]);
            slotByKey.put(key, lightest);
            keys[lightest] = key;
            fingerprints[lightest] = fingerprint;
            weights[lightest] += weight;
            siftDown(0);
        }
    }

    private void makeRoom() {
        if (size > heap.length) {
            int length = Math.min(capacity, Math.max(SLOTS_FIRST, 2 * heap.length));
            keys = Arrays.copyOf(keys, length);
            fingerprints = Arrays.copyOf(fingerprints, length);
            weights = Arrays.copyOf(weights, length);
            heap = Arrays.copyOf(heap, length);
            positions = Arrays.copyOf(positions, length);
        }
    }

    void clear() {
        slotByKey.clear();
        Arrays.fill(keys, 0, size, null);
        size = 0;
    }

    /** Remembers what another one of the same capacity does; nothing is in this one. */
    void copyFrom(HeavyCandidates other) {
        slotByKey.putAll(other.slotByKey);
        keys = other.keys.clone();
        fingerprints = other.fingerprints.clone();
        weights = other.weights.clone();
        heap = other.heap.clone();
        positions = other.positions.clone();
        size = other.size;
    }

    long retainedBytes() {
        return (long) ENTRY_BYTES * size;
    }

    private void siftUp(int start) {
        int at = start;
        int slot = heap[at];
        while (at > 0 && weights[slot] < weights[heap[(at - 1) / 2]]) {
            place(heap[(at - 1) / 2], at);
            at = (at - 1) / 2;
        }
        place(slot, at);
    }

    private void siftDown(int start) {
        int at = start;
        int slot = heap[at];
        for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size && weights[heap[child + 1]] < weights[heap[child]]) {
                child++;
            }
            if (weights[slot] <= weights[heap[child]]) {
                break;
            }
            place(heap[child], at);
            at = child;
        }
        place(slot, at);
    }

    private void place(int slot, int position) {
        heap[position] = slot;
        positions[slot] = position;
    }

    @Override
    public String toString() {
        return Arrays.toString(Arrays.stream(keys, 0, size).map(SketchKey::text).toArray());
    }
}
