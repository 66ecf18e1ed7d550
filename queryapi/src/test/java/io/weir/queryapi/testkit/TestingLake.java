package io.weir.queryapi.testkit;

import io.weir.lake.catalog.MetricMetadata;
import io.weir.lake.catalog.SegmentCatalog;
import io.weir.lake.catalog.SegmentQuery;
import io.weir.lake.catalog.SegmentSelection;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.segment.SegmentMeta;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A catalog and its samples in memory, of one tenant. Samples are cut into segments of a fixed length. */
public final class TestingLake implements SegmentCatalog {
    public static final String TENANT = "default";

    private final long segmentMillis;
    private final TreeMap<Labels, SampleBuffer> series = new TreeMap<>();
    private final Map<String, List<MetricMetadata>> metadata = new TreeMap<>();
    private final AtomicInteger lookups = new AtomicInteger();
    private volatile boolean unavailable;
    private volatile int generation;

    public TestingLake(long segmentMillis) {
        this.segmentMillis = segmentMillis;
    }

    /** Adds samples of a series in ascending time. */
    public TestingLake add(Labels labels, long startMillis, long stepMillis, double... values) {
        SampleBuffer buffer = series.computeIfAbsent(labels, key -> new SampleBuffer(values.length));
        for (int i = 0; i < values.length; i++) {
            buffer.add(startMillis + i * stepMillis, values[i]);
        }
        return this;
    }

    /** Adds a histogram to a series, after all its samples. */
    public TestingLake addHistogram(Labels labels, long timeMillis, Histogram histogram) {
        series.computeIfAbsent(labels, key -> new SampleBuffer(16)).addHistogram(timeMillis, histogram);
        return this;
    }

    public TestingLake describe(MetricMetadata description) {
        metadata.computeIfAbsent(description.metric(), key -> new ArrayList<>()).add(description);
        return this;
    }

    public TreeMap<Labels, SampleBuffer> series() {
        return series;
    }

    public int lookups() {
        return lookups.get();
    }

    public void setUnavailable(boolean unavailable) {
        this.unavailable = unavailable;
    }

    /** Replaces all segments, as a compaction does. */
    public void compact() {
        generation++;
    }

    private List<SegmentMeta> segments() {
        TreeMap<Long, Long> samplesBySlot = new TreeMap<>();
        for (SampleBuffer buffer : series.values()) {
            for (int i = 0; i < buffer.size(); i++) {
                samplesBySlot.merge(Math.floorDiv(buffer.timestamps()[i], segmentMillis), 1L, Long::sum);
            }
        }
        List<SegmentMeta> segments = new ArrayList<>();
        samplesBySlot.forEach((slot, samples) -> {
            String id = "segment-" + generation + "-" + slot;
            segments.add(new SegmentMeta(
                    TENANT,
                    id,
                    id + ".blocks",
                    id + ".series",
                    1,
                    1,
                    "",
                    "",
                    slot * segmentMillis,
                    (slot + 1) * segmentMillis - 1,
                    series.size(),
                    samples,
                    0));
        });
        return segments;
    }

    @Override
    public SegmentSelection find(SegmentQuery query) {
        lookups.incrementAndGet();
        if (unavailable) {
            throw new DatabaseUnavailableException("the catalog is down", new IllegalStateException("down"));
        }
        if (!query.tenant().equals(TENANT)) {
            return new SegmentSelection(List.of(), 0);
        }
        List<SegmentMeta> found = segments().stream()
                .filter(segment ->
                        segment.minTimeMillis() <= query.endMillis() && segment.maxTimeMillis() >= query.startMillis())
                .toList();
        return new SegmentSelection(found, found.size());
    }

    @Override
    public Set<String> current(String tenant, Set<String> segmentIds) {
        Set<String> current = new HashSet<>();
        segments().forEach(segment -> current.add(segment.id()));
        current.retainAll(segmentIds);
        return current;
    }

    @Override
    public Map<String, List<MetricMetadata>> metadata(String tenant, String metric, int limit) {
        Map<String, List<MetricMetadata>> found = new TreeMap<>();
        metadata.forEach((name, list) -> {
            if ((metric.isEmpty() || metric.equals(name)) && (limit < 0 || found.size() < limit)) {
                found.put(name, list);
            }
        });
        return found;
    }
}
