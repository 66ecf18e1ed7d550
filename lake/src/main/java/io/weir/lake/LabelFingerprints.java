package io.weir.lake;

import com.google.common.hash.Hashing;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Collects a bounded set of 64-bit fingerprints of a segment's labels, by which the catalog prunes segments without ever losing
 * one. Not thread-safe.
 *
 * <p>For each label name the set holds the name's fingerprint and the fingerprints of all its (name, value) pairs; a name with too
 * many values has the fingerprint "any value" instead, and too many names leave the single fingerprint "anything".
 */
public final class LabelFingerprints {
    /** In a segment with so many names that nothing is known. */
    public static final long ANYTHING = 0;

    private static final char SEPARATOR = '\u00ff';

    private final int valuesPerNameMax;
    private final int namesMax;
    private final Map<String, Set<String>> valuesByName = new HashMap<>();
    private final Set<String> namesWithAnyValue = new HashSet<>();
    private boolean anything;

    /**
     * @param valuesPerNameMax values of a name that are kept apart
     * @param namesMax names that are kept apart
     */
    public LabelFingerprints(int valuesPerNameMax, int namesMax) {
        if (valuesPerNameMax < 1 || namesMax < 1) {
            throw new IllegalArgumentException("fingerprint limits must be positive");
        }
        this.valuesPerNameMax = valuesPerNameMax;
        this.namesMax = namesMax;
    }

    public void add(Labels labels) {
        for (int i = 0; i < labels.size() && !anything; i++) {
            add(labels.name(i), labels.value(i));
        }
    }

    private void add(String name, String value) {
        if (namesWithAnyValue.contains(name)) {
            return;
        }
        Set<String> values = valuesByName.computeIfAbsent(name, key -> new HashSet<>());
        if (values.add(value) && values.size() > valuesPerNameMax) {
            valuesByName.remove(name);
            namesWithAnyValue.add(name);
        }
        if (valuesByName.size() + namesWithAnyValue.size() > namesMax) {
            anything = true;
            valuesByName.clear();
            namesWithAnyValue.clear();
        }
    }

    /** The fingerprints, sorted and unique. */
    public long[] toArray() {
        if (anything) {
            return new long[] {ANYTHING};
        }
        Set<Long> all = new HashSet<>();
        valuesByName.forEach((name, values) -> {
            all.add(ofName(name));
            values.forEach(value -> all.add(ofPair(name, value)));
        });
        namesWithAnyValue.forEach(name -> {
            all.add(ofName(name));
            all.add(ofAnyValue(name));
        });
        return all.stream().mapToLong(Long::longValue).sorted().toArray();
    }

    /** Fingerprint of "has this label". */
    public static long ofName(String name) {
        return hash("n" + name);
    }

    /** Fingerprint of "has this label with this value". */
    public static long ofPair(String name, String value) {
        return hash("p" + name + SEPARATOR + value);
    }

    /** Fingerprint of "this label has more values than are kept apart". */
    public static long ofAnyValue(String name) {
        return hash("a" + name);
    }

    /**
     * The fingerprints of which a segment must have at least one to hold a series that satisfies the matcher; empty if the matcher
     * tells nothing.
     */
    public static long[] required(LabelMatcher matcher) {
        if (matcher.matchesEmpty()) {
            return new long[0];
        }
        return switch (matcher.type()) {
            case EQUAL -> new long[] {ofPair(matcher.name(), matcher.value()), ofAnyValue(matcher.name()), ANYTHING};
            case NOT_EQUAL, REGEX, NOT_REGEX -> new long[] {ofName(matcher.name()), ANYTHING};
        };
    }

    /** Whether a segment with these sorted fingerprints may hold a series that satisfies the matcher. */
    public static boolean mayMatch(long[] sortedFingerprints, LabelMatcher matcher) {
        long[] required = required(matcher);
        for (long fingerprint : required) {
            if (Arrays.binarySearch(sortedFingerprints, fingerprint) >= 0) {
                return true;
            }
        }
        return required.length == 0;
    }

    private static long hash(String text) {
        long hash = Hashing.farmHashFingerprint64()
                .hashString(text, StandardCharsets.UTF_8)
                .asLong();
        return hash == ANYTHING ? 1 : hash;
    }
}
