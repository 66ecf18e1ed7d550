package io.weir.lake.segment;

import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The label values of one metric's series as numbers: for each label that one of them has a column with a number for each series. A condition is
 * tried along a column, so that it reads memory in order and follows no references. Immutable, thread-safe.
 */
final class LabelColumns {
    /** What a label that a series does not have is, to PromQL. */
    private static final String ABSENT = "";

    private static final int ABSENT_CODE = 0;
    private static final int UNKNOWN_CODE = -1;

    private final Map<String, Column> columns;

    private LabelColumns(Map<String, Column> columns) {
        this.columns = columns;
    }

    /** Numbers of texts, and the one instance of each. */
    static final class Dictionary {
        private static final int TEXT_BYTES = 104;

        private final Map<String, Integer> codes = new HashMap<>();
        private final List<String> texts = new ArrayList<>();

        Dictionary() {
            code(ABSENT);
        }

        int code(String text) {
            Integer known = codes.putIfAbsent(text, texts.size());
            if (known == null) {
                texts.add(text);
                return texts.size() - 1;
            }
            return known;
        }

        String text(int code) {
            return texts.get(code);
        }

        /** Approximate heap bytes. */
        long sizeBytes() {
            long bytes = 0;
            for (String text : texts) {
                bytes += TEXT_BYTES + text.length();
            }
            return bytes;
        }
    }

    /** Makes the columns of a metric, series by series. */
    static final class Builder {
        private final Map<String, Entries> columns = new HashMap<>();
        private int series;

        /** Adds the next series; returns its labels with the dictionary's strings. */
        Labels add(Labels own, Dictionary dictionary) {
            String[] pairs = new String[own.size() * 2];
            for (int i = 0; i < own.size(); i++) {
                String name = dictionary.text(dictionary.code(own.name(i)));
                int code = dictionary.code(own.value(i));
                pairs[2 * i] = name;
                pairs[2 * i + 1] = dictionary.text(code);
                if (!name.equals(Labels.METRIC_NAME)) {
                    columns.computeIfAbsent(name, it -> new Entries()).add(series, code);
                }
            }
            series++;
            return Labels.ofSorted(pairs);
        }

        LabelColumns build() {
            Map<String, Column> built = new HashMap<>();
            columns.forEach((name, entries) -> built.put(name, entries.column(series)));
            return new LabelColumns(built);
        }
    }

    /** The series that have a label, in their order, and its numbers. */
    private static final class Entries {
        private int[] places = new int[4];
        private int[] codes = new int[4];
        private int size;

        void add(int place, int code) {
            if (size == places.length) {
                places = Arrays.copyOf(places, 2 * size);
                codes = Arrays.copyOf(codes, 2 * size);
            }
            places[size] = place;
            codes[size++] = code;
        }

        /** A place for each series, unless most of them would be empty: a label that few have must not cost what all have. */
        Column column(int series) {
            if (2L * size < series) {
                return new Column.Sparse(Arrays.copyOf(places, size), Arrays.copyOf(codes, size));
            }
            int[] dense = new int[series];
            for (int i = 0; i < size; i++) {
                dense[places[i]] = codes[i];
            }
            return new Column.Dense(dense);
        }
    }

    /** The numbers of one label. */
    private sealed interface Column {
        long sizeBytes();

        /** One for each series. */
        @SuppressWarnings("ArrayRecordComponent") // never compared
        record Dense(int[] codes) implements Column {
            @Override
            public long sizeBytes() {
                return (long) Integer.BYTES * codes.length;
            }
        }

        /** Those of the series that have it, whose places ascend. */
        @SuppressWarnings("ArrayRecordComponent") // never compared
        record Sparse(int[] places, int[] codes) implements Column {
            int code(int place) {
                int found = Arrays.binarySearch(places, place);
                return found < 0 ? ABSENT_CODE : codes[found];
            }

            @Override
            public long sizeBytes() {
                return 2L * Integer.BYTES * codes.length;
            }
        }
    }

    /**
     * Leaves of the selected series those that satisfy a condition.
     *
     * @param base the ordinal of this metric's first series
     * @param from ordinal of the first series that is looked at
     * @param to ordinal behind the last
     * @param selected ordinals; those outside of the range are left alone
     */
    void narrow(CodedMatcher matcher, int base, int from, int to, BitSet selected) {
        switch (columns.get(matcher.name())) {
            case null -> {
                if (!matcher.matches(ABSENT_CODE)) {
                    selected.clear(from, to);
                }
            }
            case Column.Dense dense -> {
                int[] codes = dense.codes();
                for (int i = selected.nextSetBit(from); i >= 0 && i < to; i = selected.nextSetBit(i + 1)) {
                    if (!matcher.matches(codes[i - base])) {
                        selected.clear(i);
                    }
                }
            }
            case Column.Sparse sparse -> {
                for (int i = selected.nextSetBit(from); i >= 0 && i < to; i = selected.nextSetBit(i + 1)) {
                    if (!matcher.matches(sparse.code(i - base))) {
                        selected.clear(i);
                    }
                }
            }
        }
    }

    /** Approximate heap bytes. */
    long sizeBytes() {
        return columns.values().stream().mapToLong(Column::sizeBytes).sum();
    }

    /** A condition on a label's number; lives for one selection. A regular expression is tried once per text. */
    static final class CodedMatcher {
        private final LabelMatcher matcher;
        private final Dictionary dictionary;
        private final int code;
        private final BitSet tried = new BitSet();
        private final BitSet matched = new BitSet();

        CodedMatcher(LabelMatcher matcher, Dictionary dictionary) {
            this.matcher = matcher;
            this.dictionary = dictionary;
            code = dictionary.codes.getOrDefault(matcher.value(), UNKNOWN_CODE);
        }

        String name() {
            return matcher.name();
        }

        boolean matches(int own) {
            return switch (matcher.type()) {
                case EQUAL -> own == code;
                case NOT_EQUAL -> own != code;
                case REGEX, NOT_REGEX -> {
                    if (!tried.get(own)) {
                        tried.set(own);
                        matched.set(own, matcher.matches(dictionary.text(own)));
                    }
                    yield matched.get(own);
                }
            };
        }
    }
}
