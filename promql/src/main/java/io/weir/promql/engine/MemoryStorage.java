package io.weir.promql.engine;

import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Series held in memory; a sample written again at the same time replaces the first. */
public final class MemoryStorage implements SeriesStorage {
    private final TreeMap<Labels, TreeMap<Long, Double>> series = new TreeMap<>();

    public void add(Labels labels, long timestampMillis, double value) {
        series.computeIfAbsent(labels, key -> new TreeMap<>()).put(timestampMillis, value);
    }

    public void clear() {
        series.clear();
    }

    @Override
    public List<Series> select(List<LabelMatcher> matchers, long fromMillis, long toMillis) {
        List<Series> selected = new ArrayList<>();
        if (fromMillis >= toMillis) {
            return selected;
        }
        for (Map.Entry<Labels, TreeMap<Long, Double>> entry : series.entrySet()) {
            if (matchers.stream().allMatch(matcher -> matcher.matches(entry.getKey()))) {
                NavigableMap<Long, Double> range = entry.getValue().subMap(fromMillis, false, toMillis, true);
                if (!range.isEmpty()) {
                    SampleBuffer samples = new SampleBuffer(range.size());
                    range.forEach(samples::add);
                    selected.add(new Series(entry.getKey(), samples));
                }
            }
        }
        return selected;
    }
}
