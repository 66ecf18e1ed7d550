package io.weir.eventstats.feed;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * The earlier runs of the queries asked lately, and their canonical forms, bounded in number; what has not been asked for longest goes first.
 * Used by the writer's thread only.
 */
final class KnownQueries {
    private final int runsMax;
    private final long knownNanos;
    private final Map<EarlierRuns.Key, Known> runs;
    private final Map<Asked, CanonicalQuery> canonical;

    KnownQueries(int queriesMax, int runsMax, long knownNanos) {
        this.runsMax = runsMax;
        this.knownNanos = knownNanos;
        this.runs = new Latest<>(queriesMax);
        this.canonical = new Latest<>(queriesMax);
    }

    private record Known(EarlierRuns runs, long readNanos) {}

    private record Asked(String kind, String text) {}

    private static final class Latest<K, V> extends LinkedHashMap<K, V> {
        private static final long serialVersionUID = 1L;
        private final int sizeMax;

        Latest(int sizeMax) {
            super(16, 0.75f, true);
            this.sizeMax = sizeMax;
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
            return size() > sizeMax;
        }
    }

    /** Texts longer than this are not kept, so that memory is bounded; they are parsed each time. */
    private static final int TEXT_CHARACTERS_MAX = 1_024;

    CanonicalQuery canonical(String kind, String text) {
        return text.length() > TEXT_CHARACTERS_MAX
                ? CanonicalQuery.of(kind, text)
                : canonical.computeIfAbsent(new Asked(kind, text), asked -> CanonicalQuery.of(kind, text));
    }

    /**
     * Reads the runs of those queries that are not known, or not lately.
     *
     * @param reading asks the database
     */
    void read(
            List<EarlierRuns.Key> keys,
            long nowNanos,
            Function<List<EarlierRuns.Key>, Map<EarlierRuns.Key, EarlierRuns>> reading) {
        Set<EarlierRuns.Key> missing = new LinkedHashSet<>();
        for (EarlierRuns.Key key : keys) {
            Known known = runs.get(key);
            if (known == null || nowNanos - known.readNanos() >= knownNanos) {
                missing.add(key);
            }
        }
        if (missing.isEmpty()) {
            return;
        }
        Map<EarlierRuns.Key, EarlierRuns> found = reading.apply(new ArrayList<>(missing));
        missing.forEach(key -> runs.put(key, new Known(found.getOrDefault(key, EarlierRuns.NONE), nowNanos)));
    }

    EarlierRuns runs(EarlierRuns.Key key) {
        Known known = runs.get(key);
        return known == null ? EarlierRuns.NONE : known.runs();
    }

    /** A run ended. */
    void ended(EarlierRuns.Key key, EarlierRuns.Outcome outcome, long nowNanos) {
        Known known = runs.get(key);
        runs.put(
                key,
                known == null
                        ? new Known(EarlierRuns.NONE.with(outcome, runsMax), nowNanos)
                        : new Known(known.runs().with(outcome, runsMax), known.readNanos()));
    }
}
