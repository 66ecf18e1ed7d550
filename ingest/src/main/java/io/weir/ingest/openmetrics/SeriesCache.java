package io.weir.ingest.openmetrics;

import io.weir.promql.labels.Labels;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Remembers the labels of series text, bounded in entries and bytes: two ways, the older of the two gives way. */
final class SeriesCache {
    private final int entries;
    private final long bytesMax;
    private long bytes;
    private byte[] @Nullable [] texts = new byte[0][];
    private @Nullable Labels[] labels = new Labels[0];

    SeriesCache(int entriesMax, long bytesMax) {
        this.entries = Math.max(2, Integer.highestOneBit(entriesMax));
        this.bytesMax = bytesMax;
    }

    /** The labels of the text, or null. */
    @Nullable
    Labels get(int hash, byte[] buffer, int start, int end) {
        if (labels.length == 0) {
            return null;
        }
        int slot = slot(hash);
        for (int way = slot; way <= slot + 1; way++) {
            byte[] text = texts[way];
            if (text != null && text.length == end - start && Arrays.equals(text, 0, text.length, buffer, start, end)) {
                return labels[way];
            }
        }
        return null;
    }

    void put(int hash, byte[] buffer, int start, int end, Labels parsed) {
        int size = end - start;
        if (size > bytesMax) {
            return;
        }
        if (labels.length == 0 || bytes + size > bytesMax) {
            texts = new byte[entries][];
            labels = new Labels[entries];
            bytes = 0;
        }
        int slot = slot(hash);
        byte[] oldest = texts[slot + 1];
        bytes += size - (oldest == null ? 0 : oldest.length);
        texts[slot + 1] = texts[slot];
        labels[slot + 1] = labels[slot];
        texts[slot] = Arrays.copyOfRange(buffer, start, end);
        labels[slot] = parsed;
    }

    /** The first of two neighbouring ways. */
    private int slot(int hash) {
        int mixed = hash * 0x9E3779B9;
        return (mixed ^ (mixed >>> 15)) & (entries - 1) & ~1;
    }
}
