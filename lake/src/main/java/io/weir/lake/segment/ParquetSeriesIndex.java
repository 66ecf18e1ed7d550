package io.weir.lake.segment;

import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A segment's series in memory, from its series file. Immutable and thread-safe.
 *
 * <p>A metric's series are one run of ordinals and a shard of a metric is a run within it, so a selector first narrows to runs, by
 * its conditions on the metric name and by binary search; the other conditions are tried once per distinct label value.
 */
public final class ParquetSeriesIndex implements SeriesIndex {
    private static final int OBJECT_BYTES = 40;

    private final Labels[] labels;
    private final byte[] shards;
    private final long[] minTimes;
    private final long[] maxTimes;
    private final String[] metrics;
    /** First ordinal of each metric's run, and the number of series behind the last. */
    private final int[] metricStarts;

    private final long sizeBytes;

    private ParquetSeriesIndex(
            Labels[] labels,
            byte[] shards,
            long[] minTimes,
            long[] maxTimes,
            List<String> metrics,
            int[] metricStarts) {
        this.labels = labels;
        this.shards = shards;
        this.minTimes = minTimes;
        this.maxTimes = maxTimes;
        this.metrics = metrics.toArray(new String[0]);
        this.metricStarts = metricStarts;
        this.sizeBytes = sizeOf(labels);
    }

    /**
     * Loads the series file of a segment.
     *
     * @param segment named in errors
     * @throws CorruptSegmentException if it is no series file or out of order
     */
    public static ParquetSeriesIndex load(Path seriesFile, String segment) {
        try (SeriesCursor cursor = SeriesCursor.open(seriesFile, segment)) {
            int size = Math.toIntExact(cursor.rowCount());
            Labels[] labels = new Labels[size];
            byte[] shards = new byte[size];
            long[] minTimes = new long[size];
            long[] maxTimes = new long[size];
            List<String> metrics = new ArrayList<>();
            int[] starts = new int[16];
            Map<String, String> strings = new HashMap<>();
            while (cursor.next()) {
                int ordinal = cursor.ordinal();
                labels[ordinal] = shared(cursor.key().labels(), strings);
                shards[ordinal] = (byte) cursor.key().shard();
                minTimes[ordinal] = cursor.minTimeMillis();
                maxTimes[ordinal] = cursor.maxTimeMillis();
                String metric = cursor.key().metric();
                if (metrics.isEmpty() || !metrics.getLast().equals(metric)) {
                    if (metrics.size() + 1 >= starts.length) {
                        starts = Arrays.copyOf(starts, starts.length * 2);
                    }
                    starts[metrics.size()] = ordinal;
                    metrics.add(metric);
                }
            }
            int[] metricStarts = Arrays.copyOf(starts, metrics.size() + 1);
            metricStarts[metrics.size()] = size;
            return new ParquetSeriesIndex(labels, shards, minTimes, maxTimes, metrics, metricStarts);
        }
    }

    /** The same labels with strings that other series of the index use too. */
    private static Labels shared(Labels own, Map<String, String> strings) {
        String[] pairs = new String[own.size() * 2];
        for (int i = 0; i < own.size(); i++) {
            pairs[2 * i] = strings.computeIfAbsent(own.name(i), text -> text);
            pairs[2 * i + 1] = strings.computeIfAbsent(own.value(i), text -> text);
        }
        return Labels.ofSorted(pairs);
    }

    private static long sizeOf(Labels[] labels) {
        Set<String> strings = new HashSet<>();
        long bytes = 0;
        for (Labels one : labels) {
            bytes += OBJECT_BYTES + 2L * Long.BYTES + 2L * Integer.BYTES * one.size();
            for (int i = 0; i < one.size(); i++) {
                if (strings.add(one.value(i))) {
                    bytes += OBJECT_BYTES + one.value(i).length();
                }
            }
        }
        return bytes;
    }

    @Override
    public int size() {
        return labels.length;
    }

    @Override
    public Labels labels(int ordinal) {
        return labels[ordinal];
    }

    @Override
    public int shard(int ordinal) {
        return shards[ordinal];
    }

    @Override
    public long minTimeMillis(int ordinal) {
        return minTimes[ordinal];
    }

    @Override
    public long maxTimeMillis(int ordinal) {
        return maxTimes[ordinal];
    }

    @Override
    public BitSet select(List<LabelMatcher> matchers, int shardFrom, int shardTo) {
        List<LabelMatcher> nameMatchers = new ArrayList<>();
        List<MemoizedMatcher> others = new ArrayList<>();
        for (LabelMatcher matcher : matchers) {
            if (matcher.name().equals(Labels.METRIC_NAME)) {
                nameMatchers.add(matcher);
            } else {
                others.add(new MemoizedMatcher(matcher));
            }
        }
        BitSet selected = new BitSet(labels.length);
        for (LabelMatcher matcher : nameMatchers) {
            if (matcher.type() == LabelMatcher.Type.EQUAL) {
                int run = Arrays.binarySearch(metrics, matcher.value(), Labels::compareStrings);
                if (run >= 0) {
                    selectRun(run, nameMatchers, others, shardFrom, shardTo, selected);
                }
                return selected;
            }
        }
        for (int run = 0; run < metrics.length; run++) {
            selectRun(run, nameMatchers, others, shardFrom, shardTo, selected);
        }
        return selected;
    }

    private void selectRun(
            int run,
            List<LabelMatcher> nameMatchers,
            List<MemoizedMatcher> others,
            int shardFrom,
            int shardTo,
            BitSet selected) {
        for (LabelMatcher matcher : nameMatchers) {
            if (!matcher.matches(metrics[run])) {
                return;
            }
        }
        int from = firstOfShard(metricStarts[run], metricStarts[run + 1], shardFrom);
        int to = firstOfShard(from, metricStarts[run + 1], shardTo);
        if (others.isEmpty()) {
            selected.set(from, to);
            return;
        }
        for (int ordinal = from; ordinal < to; ordinal++) {
            if (matchesAll(others, labels[ordinal])) {
                selected.set(ordinal);
            }
        }
    }

    private int firstOfShard(int from, int to, int shard) {
        int low = from;
        int high = to;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (shards[middle] < shard) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private static boolean matchesAll(List<MemoizedMatcher> matchers, Labels series) {
        for (MemoizedMatcher matcher : matchers) {
            if (!matcher.matches(series.get(matcher.matcher.name()))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    /** Tries a regular expression once per distinct value; lives for one selection. */
    private static final class MemoizedMatcher {
        private final LabelMatcher matcher;
        private final Map<String, Boolean> known = new HashMap<>();

        MemoizedMatcher(LabelMatcher matcher) {
            this.matcher = matcher;
        }

        boolean matches(String value) {
            return switch (matcher.type()) {
                case EQUAL, NOT_EQUAL -> matcher.matches(value);
                case REGEX, NOT_REGEX -> known.computeIfAbsent(value, matcher::matches);
            };
        }
    }
}
