package io.weir.workcoord.sim;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Virtual time: actions in order of (time, sequence). Nothing sleeps. */
final class SimClock {
    /**
     * Something that will happen.
     *
     * @param lane actions of one lane keep their order, also in an enumeration; null for a timer, which keeps its time
     * @param label what it is, for the identity of a state
     */
    record Entry(long atMillis, long sequence, @Nullable Object lane, Object label, Runnable action)
            implements Comparable<Entry> {
        @Override
        public int compareTo(Entry other) {
            int byTime = Long.compare(atMillis, other.atMillis);
            return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
        }
    }

    private final PriorityQueue<Entry> entries = new PriorityQueue<>();
    private long nowMillis;
    private long sequence;

    long nowMillis() {
        return nowMillis;
    }

    /** A timer. */
    void after(long delayMillis, Runnable action) {
        at(nowMillis + Math.max(0, delayMillis), null, "", action);
    }

    void at(long atMillis, @Nullable Object lane, Object label, Runnable action) {
        entries.add(new Entry(Math.max(nowMillis, atMillis), sequence++, lane, label, action));
    }

    /** Runs the next action if it is due by the time; false if none is. */
    boolean runNext(long untilMillis) {
        Entry next = entries.peek();
        if (next == null || next.atMillis > untilMillis) {
            nowMillis = Math.max(nowMillis, untilMillis);
            return false;
        }
        entries.remove();
        // What an enumeration passed over is late.
        nowMillis = Math.max(nowMillis, next.atMillis);
        next.action.run();
        return true;
    }

    /** Which actions may be next if messages and executions take any time up to this, in order: the first of each lane. */
    List<Entry> enabled(long windowMillis) {
        List<Entry> sorted = new ArrayList<>(entries);
        sorted.sort(null);
        Set<Object> lanes = new HashSet<>();
        List<Entry> enabled = new ArrayList<>();
        for (Entry entry : sorted) {
            if (entry.lane != null && entry.atMillis <= nowMillis + windowMillis && lanes.add(entry.lane)) {
                enabled.add(entry);
            }
        }
        return enabled;
    }

    /** Runs the timers that are due. */
    void runDue() {
        for (Entry entry : pending()) {
            if (entry.lane == null && entry.atMillis <= nowMillis && entries.remove(entry)) {
                entry.action.run();
            }
        }
    }

    /** Runs one of the {@link #enabled} actions now. */
    void run(Entry entry) {
        entries.remove(entry);
        nowMillis = Math.max(nowMillis, Math.min(entry.atMillis, nowMillis + 1));
        entry.action.run();
    }

    /** Everything that will happen, in order. */
    List<Entry> pending() {
        List<Entry> sorted = new ArrayList<>(entries);
        sorted.sort(null);
        return sorted;
    }
}
