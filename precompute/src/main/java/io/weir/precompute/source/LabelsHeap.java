package io.weir.precompute.source;

import io.weir.promql.labels.Labels;

/** What label sets and other text of senders take of the heap, estimated from above: nobody but a limit keeps them short. */
public final class LabelsHeap {
    private static final int SET_BYTES = 40;
    /** A string and the array of its characters, without those. */
    private static final int TEXT_BYTES = 48;
    /** Of anything but Latin letters. */
    private static final int CHARACTER_BYTES = 2;

    private LabelsHeap() {}

    /** Heap of a label set with its names and values, in bytes. */
    public static long bytes(Labels labels) {
        long bytes = SET_BYTES;
        for (int i = 0; i < labels.size(); i++) {
            bytes += bytes(labels.name(i)) + bytes(labels.value(i));
        }
        return bytes;
    }

    /** Heap of a text, in bytes. */
    public static long bytes(String text) {
        return TEXT_BYTES + (long) CHARACTER_BYTES * text.length();
    }
}
