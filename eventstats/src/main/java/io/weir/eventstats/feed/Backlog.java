package io.weir.eventstats.feed;

import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What waits to be written, one entry for each query, bounded in number and in memory. When it is full, the oldest entry of a query that still
 * runs goes first, since that query will be told of again; the ends of queries go last, the oldest first. Not thread-safe.
 */
final class Backlog {
    private final int jobsMax;
    private final long bytesMax;
    private final LinkedHashMap<AskedQuery, Unwritten> running = new LinkedHashMap<>();
    private final LinkedHashMap<AskedQuery, Unwritten> ended = new LinkedHashMap<>();
    private long bytes;

    Backlog(int jobsMax, long bytesMax) {
        this.jobsMax = jobsMax;
        this.bytesMax = bytesMax;
    }

    /** What was thrown away. */
    record Dropped(int snapshots, int events, int history) {
        static final Dropped NONE = new Dropped(0, 0, 0);

        static Dropped of(Unwritten entry) {
            return new Dropped(1, entry.events(), entry.hasEnded() ? 1 : 0);
        }

        Dropped and(Dropped other) {
            return new Dropped(snapshots + other.snapshots, events + other.events, history + other.history);
        }
    }

    /** Takes an event. */
    Dropped add(QueryEvent event) {
        AskedQuery query = event.query();
        Unwritten known = running.remove(query);
        if (known == null) {
            known = ended.remove(query);
        }
        Unwritten entry = known == null ? Unwritten.of(event) : known.with(event);
        if (known != null) {
            bytes -= known.bytes();
        }
        if (entry.bytes() > bytesMax) {
            return Dropped.of(entry);
        }
        Dropped dropped = makeRoom(entry);
        if (size() >= jobsMax || bytes + entry.bytes() > bytesMax) {
            return dropped.and(Dropped.of(entry));
        }
        bytes += entry.bytes();
        (entry.hasEnded() ? ended : running).put(query, entry);
        return dropped;
    }

    /** Throws away until the entry fits, or nothing is left that may go for it. */
    private Dropped makeRoom(Unwritten entry) {
        Dropped dropped = Dropped.NONE;
        while (size() >= jobsMax || bytes + entry.bytes() > bytesMax) {
            Map<AskedQuery, Unwritten> victims = running.isEmpty() && entry.hasEnded() ? ended : running;
            if (victims.isEmpty()) {
                return dropped;
            }
            dropped = dropped.and(Dropped.of(removeFirst(victims)));
        }
        return dropped;
    }

    private Unwritten removeFirst(Map<AskedQuery, Unwritten> entries) {
        Iterator<Unwritten> iterator = entries.values().iterator();
        Unwritten first = iterator.next();
        iterator.remove();
        bytes -= first.bytes();
        return first;
    }

    /** Removes and returns the oldest entries, ends first; at most so many. */
    List<Unwritten> take(int max) {
        List<Unwritten> taken = new ArrayList<>(Math.min(max, size()));
        while (taken.size() < max && !ended.isEmpty()) {
            taken.add(removeFirst(ended));
        }
        while (taken.size() < max && !running.isEmpty()) {
            taken.add(removeFirst(running));
        }
        return taken;
    }

    int size() {
        return running.size() + ended.size();
    }

    long bytes() {
        return bytes;
    }
}
