package io.weir.workcoord.sim;

import java.util.PriorityQueue;

/** Virtual time: actions in order of (time, sequence). Nothing sleeps. */
final class SimClock {
    private record Entry(long atMillis, long sequence, Runnable action) implements Comparable<Entry> {
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

    void after(long delayMillis, Runnable action) {
        at(nowMillis + Math.max(0, delayMillis), action);
    }

    void at(long atMillis, Runnable action) {
        entries.add(new Entry(Math.max(nowMillis, atMillis), sequence++, action));
    }

    /** Runs the next action if it is due by the time; false if none is. */
    boolean runNext(long untilMillis) {
        Entry next = entries.peek();
        if (next == null || next.atMillis > untilMillis) {
            nowMillis = Math.max(nowMillis, untilMillis);
            return false;
        }
        entries.remove();
        nowMillis = next.atMillis;
        next.action.run();
        return true;
    }
}
