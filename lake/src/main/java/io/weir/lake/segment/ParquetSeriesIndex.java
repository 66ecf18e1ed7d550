package io.weir.lake.segment;

import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * A segment's series in memory, from its series file. Immutable and thread-safe.
 *
 * <p>A metric's series are one run of ordinals and a shard of a metric is a run within it, so a selector first narrows to runs, by
 * its conditions on the metric name and by binary search; within a run the other conditions are tried along columns of numbers.
 */
public final class ParquetSeriesIndex implements SeriesIndex {
    private static final int OBJECT_BYTES = 40;

    private final Labels[] labels;
    private final LabelColumns.Dictionary dictionary;
    /** Of each metric's run. */
    private final LabelColumns[] columns;

    private final byte[] shards;
    private final long[] minTimes;
    private final long[] maxTimes;
    private final String[] metrics;
    /** First ordinal of each metric's run, and the number of series behind the last. */
    private final int[] metricStarts;

    private final long sizeBytes;

    private ParquetSeriesIndex(
            Labels[] labels,
            LabelColumns.Dictionary dictionary,
            List<LabelColumns> columns,
            byte[] shards,
            long[] minTimes,
            long[] maxTimes,
            List<String> metrics,
            int[] metricStarts) {
        this.labels = labels;
        this.dictionary = dictionary;
        this.columns = columns.toArray(new LabelColumns[0]);
        this.shards = shards;
        this.minTimes = minTimes;
        this.maxTimes = maxTimes;
        this.metrics = metrics.toArray(new String[0]);
        this.metricStarts = metricStarts;
        this.sizeBytes = sizeOf(labels, dictionary, columns);
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
            LabelColumns.Dictionary dictionary = new LabelColumns.Dictionary();
            List<LabelColumns> columns = new ArrayList<>();
            LabelColumns.Builder run = new LabelColumns.Builder();
            while (cursor.next()) {
                int ordinal = cursor.ordinal();
                shards[ordinal] = (byte) cursor.key().shard();
                minTimes[ordinal] = cursor.minTimeMillis();
                maxTimes[ordinal] = cursor.maxTimeMillis();
                String metric = cursor.key().metric();
                if (metrics.isEmpty() || !metrics.getLast().equals(metric)) {
                    if (metrics.size() + 1 >= starts.length) {
                        starts = Arrays.copyOf(starts, starts.length * 2);
                    }
                    if (!metrics.isEmpty()) {
                        columns.add(run.build());
                        run = new LabelColumns.Builder();
                    }
                    starts[metrics.size()] = ordinal;
                    metrics.add(metric);
                }
                labels[ordinal] = run.add(cursor.key().labels(), dictionary);
            }
            columns.add(run.build());
            int[] metricStarts = Arrays.copyOf(starts, metrics.size() + 1);
            metricStarts[metrics.size()] = size;
            return new ParquetSeriesIndex(
                    labels, dictionary, columns, shards, minTimes, maxTimes, metrics, metricStarts);
        }
    }

    private static long sizeOf(Labels[] labels, LabelColumns.Dictionary dictionary, List<LabelColumns> columns) {
        long bytes = dictionary.sizeBytes();
        for (Labels one : labels) {
            bytes += OBJECT_BYTES + 2L * Long.BYTES + 2L * Integer.BYTES * one.size();
        }
        for (LabelColumns run : columns) {
            bytes += run.sizeBytes();
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
        List<LabelColumns.CodedMatcher> others = new ArrayList<>();
        for (LabelMatcher matcher : matchers) {
            if (matcher.name().equals(Labels.METRIC_NAME)) {
                nameMatchers.add(matcher);
            } else {
                others.add(new LabelColumns.CodedMatcher(matcher, dictionary));
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
            List<LabelColumns.CodedMatcher> others,
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
        selected.set(from, to);
        for (LabelColumns.CodedMatcher matcher : others) {
            columns[run].narrow(matcher, metricStarts[run], from, to, selected);
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

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }
}
