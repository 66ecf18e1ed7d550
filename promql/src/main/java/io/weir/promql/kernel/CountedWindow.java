package io.weir.promql.kernel;

import io.weir.promql.function.SampleItems;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The different values in a window that moves forward, each with how often it is there. An open-addressing table; values that have left stay
 * in it with a count of zero until it fills up.
 */
final class CountedWindow {
    private static final int FREE = -1;
    private static final int CAPACITY_MIN = 64;

    private long[] values = new long[CAPACITY_MIN];
    private int[] counts = new int[CAPACITY_MIN];
    /** As they are asked for: a value is written out once for a series, not once for every window. */
    private @Nullable String[] texts = new String[CAPACITY_MIN];

    private int used;
    private int distinct;
    private int low;
    private int high;

    private final @Nullable TopCounts follower;

    /** A window that nobody follows. */
    CountedWindow() {
        this(null);
    }

    /** A window of which every change is told to its follower. */
    CountedWindow(@Nullable TopCounts follower) {
        this.follower = follower;
        Arrays.fill(counts, FREE);
    }

    /** Forgets the samples, before another series. */
    void reset() {
        clear();
        low = 0;
        high = 0;
    }

    private void clear() {
        if (used > 0) {
            Arrays.fill(counts, FREE);
            Arrays.fill(texts, null);
            used = 0;
        }
        distinct = 0;
        if (follower != null) {
            follower.forget();
        }
    }

    /** How many different values there are. */
    int distinct() {
        return distinct;
    }

    /** Moves to the samples from {@code toLow} (inclusive) to {@code toHigh} (exclusive); neither is less than before. */
    void moveTo(double[] samples, int toLow, int toHigh) {
        if (toLow >= high || (toLow - low) + (toHigh - high) > toHigh - toLow) {
            clear();
            add(samples, toLow, toHigh);
        } else {
            add(samples, high, toHigh);
            for (int i = low; i < toLow; i++) {
                remove(SampleItems.bits(samples[i]));
            }
        }
        low = toLow;
        high = toHigh;
    }

    private void add(double[] samples, int from, int to) {
        for (int i = from; i < to; i++) {
            long value = SampleItems.bits(samples[i]);
            int slot = slot(value);
            if (counts[slot] == FREE) {
                if ((used + 1) * 2 > values.length) {
                    rebuild();
                    slot = slot(value);
                }
                values[slot] = value;
                counts[slot] = 0;
                used++;
            }
            if (counts[slot]++ == 0) {
                distinct++;
            }
            if (follower != null) {
                follower.grown(this, slot);
            }
        }
    }

    private void remove(long value) {
        int slot = slot(value);
        if (counts[slot] <= 0) {
            throw new IllegalStateException(
                    "sample " + Double.longBitsToDouble(value) + " is not in the window from " + low + " to " + high);
        }
        if (--counts[slot] == 0) {
            distinct--;
        }
        if (follower != null) {
            follower.shrunk(this, slot);
        }
    }

    /** Where the value is or belongs. */
    private int slot(long value) {
        int mask = values.length - 1;
        long mixed = value * 0x9e3779b97f4a7c15L;
        int slot = (int) (mixed >>> 32) & mask;
        while (counts[slot] != FREE && values[slot] != value) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    /** Drops the values that have left; afterwards the table is at most a quarter full. */
    private void rebuild() {
        if (follower != null) {
            follower.forget();
        }
        long[] oldValues = values;
        int[] oldCounts = counts;
        @Nullable String[] oldTexts = texts;
        int capacity = CAPACITY_MIN;
        while (capacity < 4L * (distinct + 1)) {
            capacity *= 2;
        }
        values = new long[capacity];
        counts = new int[capacity];
        texts = new String[capacity];
        Arrays.fill(counts, FREE);
        used = distinct;
        for (int i = 0; i < oldValues.length; i++) {
            if (oldCounts[i] > 0) {
                int slot = slot(oldValues[i]);
                values[slot] = oldValues[i];
                counts[slot] = oldCounts[i];
                texts[slot] = oldTexts[i];
            }
        }
    }

    /** How many slots there are; those from 0 on are asked for by number until the next move. */
    int slots() {
        return counts.length;
    }

    /** How often the value of a slot is in the window; less than 1 for none. */
    int count(int slot) {
        return counts[slot];
    }

    /** The value of a slot as text. */
    String text(int slot) {
        String text = texts[slot];
        if (text == null) {
            text = SampleItems.text(Double.longBitsToDouble(values[slot]));
            texts[slot] = text;
        }
        return text;
    }
}
