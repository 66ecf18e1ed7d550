package io.weir.queryworker.exec;

import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The series of several segments as one sequence in the order of segments: (metric name, shard, labels). */
final class SeriesUnion {
    private static final Comparator<Entry> ORDER = (left, right) -> {
        int order = Labels.compareStrings(left.metric, right.metric);
        if (order == 0) {
            order = Integer.compare(left.shard, right.shard);
        }
        return order != 0 ? order : left.labels.compareTo(right.labels);
    };

    private static final class Entry {
        final Labels labels;
        final String metric;
        final int shard;
        int ordinal;

        Entry(Labels labels, int shard) {
            this.labels = labels;
            this.metric = labels.metricName();
            this.shard = shard;
        }
    }

    private final List<Entry> entries;
    private final int[][] ordinals;

    private SeriesUnion(List<Entry> entries, int[][] ordinals) {
        this.entries = entries;
        this.ordinals = ordinals;
    }

    static SeriesUnion of(List<SelectedSeries> segments) {
        Map<Labels, Entry> known = new HashMap<>();
        List<Entry> entries = new ArrayList<>();
        List<Entry[]> bySegment = new ArrayList<>();
        boolean sorted = true;
        for (SelectedSeries segment : segments) {
            Entry[] own = new Entry[segment.size()];
            for (int position = 0; position < own.length; position++) {
                Labels labels = segment.labels(position);
                Entry entry = known.get(labels);
                if (entry == null) {
                    entry = new Entry(labels, segment.shard(position));
                    known.put(labels, entry);
                    entries.add(entry);
                    sorted &= bySegment.isEmpty();
                }
                own[position] = entry;
            }
            bySegment.add(own);
        }
        if (!sorted) {
            entries.sort(ORDER);
        }
        for (int i = 0; i < entries.size(); i++) {
            entries.get(i).ordinal = i;
        }
        int[][] ordinals = new int[bySegment.size()][];
        for (int i = 0; i < ordinals.length; i++) {
            Entry[] own = bySegment.get(i);
            ordinals[i] = new int[own.length];
            for (int position = 0; position < own.length; position++) {
                ordinals[i][position] = own[position].ordinal;
                if (position > 0 && ordinals[i][position] <= ordinals[i][position - 1]) {
                    throw new io.weir.lake.segment.CorruptSegmentException("segment "
                            + segments.get(i).segment().getId() + ": series out of order at " + own[position].labels);
                }
            }
        }
        return new SeriesUnion(entries, ordinals);
    }

    int size() {
        return entries.size();
    }

    Labels labels(int ordinal) {
        return entries.get(ordinal).labels;
    }

    /** By segment and position in its selection: the ordinal in the union; ascending. */
    int[] ordinals(int segment) {
        return ordinals[segment];
    }
}
