package io.weir.sketch;

import java.util.Arrays;

/**
 * The different ones of many candidates, with their fingerprints.
 *
 * <p>A hash table without entries: thousands of candidates of dozens of sketches come together for every window, and what counts is how much memory
 * that touches.
 */
final class CandidateUnion {
    /** Position + 1 of the item in a slot; 0 where there is none. */
    private final int[] slots;

    private SketchKey[] keys;
    private long[] fingerprints;
    private int size;

    /** Whether two keys of one fingerprint share all their cells, so that the matrix cannot tell them apart and one of them says it all. */
    private final boolean byFingerprint;

    /**
     * None yet.
     *
     * @param countMax items that may be added, the same ones counted again
     */
    CandidateUnion(int countMax, boolean byFingerprint) {
        this.byFingerprint = byFingerprint;
        slots = new int[2 * Integer.highestOneBit(Math.max(8, countMax))];
        keys = new SketchKey[Math.max(8, countMax / 2)];
        fingerprints = new long[keys.length];
    }

    void add(SketchKey key, long fingerprint) {
        int mask = slots.length - 1;
        int slot = (int) (fingerprint ^ (fingerprint >>> 32)) & mask;
        for (; slots[slot] != 0; slot = (slot + 1) & mask) {
            int at = slots[slot] - 1;
            if (fingerprints[at] == fingerprint && (byFingerprint || keys[at].equals(key))) {
                return;
            }
        }
        if (size == keys.length) {
            keys = Arrays.copyOf(keys, 2 * size);
            fingerprints = Arrays.copyOf(fingerprints, 2 * size);
        }
        keys[size] = key;
        fingerprints[size] = fingerprint;
        slots[slot] = ++size;
    }

    int size() {
        return size;
    }

    SketchKey key(int index) {
        return keys[index];
    }

    long fingerprint(int index) {
        return fingerprints[index];
    }
}
