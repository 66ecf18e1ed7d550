package io.weir.collector.store;

import io.weir.ingest.memory.SeriesRef;
import io.weir.ingest.memory.WriteBatch;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * All series of a collector. Not thread-safe; wall clock times come in with the calls, and one that goes back does not open closed intervals
 * again.
 *
 * <p>An interval takes samples until the watermark, now less the allowed lateness, passes its end. Then it is closed and never changes: a fetch
 * sees closed intervals only. A sample that comes for a closed interval is lost, and the interval is not complete any more.
 */
public final class SketchStore {
    private record MetricKey(String tenant, String metric) {}

    private final StoreSettings settings;
    private final SketchParameters parameters;
    private final long startedAtMillis;
    private final Map<MetricKey, MetricSeries> metrics = new HashMap<>();
    /** A cache: saves taking labels apart for every sample. */
    private final IdentityHashMap<SeriesRef, SeriesIntervals> byHandle = new IdentityHashMap<>();

    private long watermarkMillis = Long.MIN_VALUE;
    private long retainedBytes;
    private long seriesCount;
    private long intervalCount;

    /** @param nowMillis intervals that began before are not complete */
    public SketchStore(StoreSettings settings, SketchParameters parameters, long nowMillis) {
        this.settings = settings;
        this.parameters = parameters;
        startedAtMillis = settings.endOf(nowMillis);
        advance(nowMillis);
    }

    /**
     * What became of a batch.
     *
     * @param added samples that are in an interval now
     * @param repeated samples of a time that was there already
     * @param late samples whose interval is closed
     * @param refused samples for which there was no room; their sender is to send them again
     * @param stale staleness markers, which are no samples
     * @param histograms native histograms, of which there are no sketches
     */
    public record Added(int added, int repeated, int late, int refused, int stale, int histograms) {}

    /** Adds samples, until the store is full: intervals of samples that are refused are not complete. */
    public Added add(WriteBatch batch, long nowMillis) {
        advance(nowMillis);
        int added = 0;
        int repeated = 0;
        int late = 0;
        int refused = 0;
        int stale = 0;
        int histograms = 0;
        for (int i = 0; i < batch.size(); i++) {
            double value = batch.value(i);
            if (batch.histogram(i) != null) {
                histograms++;
            } else if (StaleMarker.is(value)) {
                stale++;
            } else {
                long end = settings.endOf(batch.timestamp(i));
                if (end <= watermarkMillis) {
                    damage(batch.series(i), end);
                    late++;
                } else if (retainedBytes >= settings.bytesMax()) {
                    // Looked at for each sample: one request may hold more than there is room for.
                    damage(batch.series(i), end);
                    refused++;
                } else if (add(batch.series(i), end, batch.timestamp(i), value)) {
                    added++;
                } else {
                    repeated++;
                }
            }
        }
        return new Added(added, repeated, late, refused, stale, histograms);
    }

    private boolean add(SeriesRef handle, long end, long timeMillis, double value) {
        SeriesIntervals series = byHandle.get(handle);
        if (series == null) {
            MetricSeries metric = metricOf(handle);
            Labels attributes = handle.labels().withoutMetricName();
            series = metric.series.get(attributes);
            if (series == null) {
                series = new SeriesIntervals(attributes);
                metric.series.put(attributes, series);
                retainedBytes += series.retainedBytes();
                seriesCount++;
            }
            byHandle.put(handle, series);
        }
        long bytesBefore = series.retainedBytes();
        long intervalsBefore = series.intervals();
        boolean added = series.add(end, timeMillis, value);
        retainedBytes += series.retainedBytes() - bytesBefore;
        intervalCount += series.intervals() - intervalsBefore;
        return added;
    }

    private void damage(SeriesRef handle, long end) {
        if (end > expiredUntil() && end <= watermarkMillis + settings.retentionMillis()) {
            MetricSeries metric = metricOf(handle);
            long before = metric.retainedBytes();
            metric.damage(end);
            retainedBytes += metric.retainedBytes() - before;
        }
    }

    /** The metric of a series, made if it is not known. */
    private MetricSeries metricOf(SeriesRef handle) {
        MetricKey key = new MetricKey(handle.tenant(), handle.labels().metricName());
        MetricSeries metric = metrics.get(key);
        if (metric == null) {
            metric = new MetricSeries();
            metrics.put(key, metric);
            retainedBytes += metric.retainedBytes();
        }
        return metric;
    }

    private void advance(long nowMillis) {
        watermarkMillis =
                Math.max(watermarkMillis, settings.endAtOrBefore(nowMillis - settings.allowedLatenessMillis()));
    }

    private long expiredUntil() {
        return watermarkMillis - settings.retentionMillis();
    }

    /** Closes and forgets intervals whose time has come, and series without any. */
    public void sweep(long nowMillis) {
        advance(nowMillis);
        long until = expiredUntil();
        Iterator<MetricSeries> everyMetric = metrics.values().iterator();
        while (everyMetric.hasNext()) {
            MetricSeries metric = everyMetric.next();
            long metricBefore = metric.retainedBytes();
            metric.expire(until);
            retainedBytes += metric.retainedBytes() - metricBefore;
            Iterator<SeriesIntervals> everySeries = metric.series.values().iterator();
            while (everySeries.hasNext()) {
                SeriesIntervals series = everySeries.next();
                close(series);
                long bytesBefore = series.retainedBytes();
                long intervalsBefore = series.intervals();
                series.expire(until);
                retainedBytes += series.retainedBytes() - bytesBefore;
                intervalCount += series.intervals() - intervalsBefore;
                if (series.isEmpty()) {
                    retainedBytes -= series.retainedBytes();
                    seriesCount--;
                    everySeries.remove();
                }
            }
            if (metric.isEmpty()) {
                retainedBytes -= metric.retainedBytes();
                everyMetric.remove();
            }
        }
        byHandle.values().removeIf(series -> series.isEmpty());
    }

    /** Forgets the handles of series; what they are the handles of stays. To be called when handles are retired. */
    public void forgetHandles() {
        byHandle.clear();
    }

    private void close(SeriesIntervals series) {
        long before = series.retainedBytes();
        series.close(watermarkMillis, settings, parameters);
        retainedBytes += series.retainedBytes() - before;
    }

    /**
     * A window's closed intervals.
     *
     * @param fromMillis exclusive; like toMillis the end of an interval
     * @throws IllegalArgumentException if the window is none, or cuts an interval
     * @throws TooManySeriesException if more series match
     */
    public Selection select(
            String tenant,
            String metric,
            List<LabelMatcher> matchers,
            long fromMillis,
            long toMillis,
            int seriesMax,
            long nowMillis)
            throws TooManySeriesException {
        advance(nowMillis);
        settings.requireWholeIntervals(fromMillis, toMillis);
        MetricSeries known = metrics.get(new MetricKey(tenant, metric));
        List<Selection.Series> selected = new ArrayList<>();
        for (SeriesIntervals series :
                known == null ? new TreeMap<Labels, SeriesIntervals>().values() : known.series.values()) {
            if (matchers.stream().allMatch(matcher -> matcher.matches(series.attributes()))) {
                close(series);
                List<ClosedInterval> intervals = series.within(fromMillis, toMillis);
                if (!intervals.isEmpty()) {
                    if (selected.size() == seriesMax) {
                        throw new TooManySeriesException(seriesMax);
                    }
                    selected.add(new Selection.Series(series.attributes(), intervals, parameters));
                }
            }
        }
        long coveredTo = Math.min(toMillis, watermarkMillis);
        long coveredFrom = Math.max(fromMillis, Math.max(startedAtMillis, expiredUntil()));
        if (known != null && coveredFrom < coveredTo) {
            coveredFrom = known.completeFrom(coveredFrom, coveredTo);
        }
        return new Selection(selected, Math.min(coveredFrom, coveredTo), coveredTo);
    }

    /** Everything that ended up to here is complete, or known to be not. */
    public long watermarkMillis() {
        return watermarkMillis;
    }

    /** Estimated, in bytes. */
    public long retainedBytes() {
        return retainedBytes;
    }

    public long seriesCount() {
        return seriesCount;
    }

    public long intervalCount() {
        return intervalCount;
    }
}
