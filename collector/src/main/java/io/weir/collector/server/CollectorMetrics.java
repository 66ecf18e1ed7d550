package io.weir.collector.server;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import io.weir.collector.source.FetchObserver;
import io.weir.collector.store.SharedStore;
import io.weir.collector.store.SketchStore;
import io.weir.collector.store.StoreSettings;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The meters {@code weir_collector_*} but for those of requests that were refused. */
final class CollectorMetrics implements FetchObserver {
    private final Counter samples;
    private final Counter repeated;
    private final Counter late;
    private final Counter stale;
    private final Counter histograms;
    private final Map<FetchObserver.Outcome, Timer> fetches = new EnumMap<>(FetchObserver.Outcome.class);
    private final Counter points;

    CollectorMetrics(MeterRegistry registry) {
        samples = counter(registry, "weir.collector.samples", "Samples that went into an interval");
        repeated = counter(
                registry, "weir.collector.samples.repeated", "Samples of a series and time that were there already");
        late = counter(
                registry,
                "weir.collector.samples.late",
                "Samples whose interval was closed already, or for which there was no room; the interval is not"
                        + " complete then");
        stale = counter(registry, "weir.collector.samples.stale", "Staleness markers, which are no samples");
        histograms = counter(
                registry, "weir.collector.histograms.dropped", "Native histograms, of which no sketches are made");
        points = counter(registry, "weir.collector.fetch.points", "Sketches that were sent to fetchers");
        for (FetchObserver.Outcome outcome : FetchObserver.Outcome.values()) {
            fetches.put(
                    outcome,
                    Timer.builder("weir.collector.fetch")
                            .description("Time of a fetch, the wait for the window's end included")
                            .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                            .publishPercentileHistogram()
                            .register(registry));
        }
    }

    private static Counter counter(MeterRegistry registry, String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    void watch(MeterRegistry registry, SharedStore store, StoreSettings settings, InstantSource clock) {
        Gauge.builder("weir.collector.series", store, kept -> kept.figures().series())
                .description("Series of which intervals are kept")
                .register(registry);
        Gauge.builder("weir.collector.intervals", store, kept -> kept.figures().intervals())
                .description("Intervals that are kept, of all series")
                .register(registry);
        Gauge.builder(
                        "weir.collector.store.bytes",
                        store,
                        kept -> kept.figures().retainedBytes())
                .description("Memory of what is kept, estimated")
                .register(registry);
        Gauge.builder("weir.collector.store.limit.bytes", settings, StoreSettings::bytesMax)
                .description("Memory at which requests are refused")
                .register(registry);
        TimeGauge.builder(
                        "weir.collector.watermark.age",
                        () -> clock.millis() - store.figures().watermarkMillis(),
                        TimeUnit.MILLISECONDS)
                .description("Age of the newest interval that is closed")
                .register(registry);
    }

    void added(SketchStore.Added batch) {
        samples.increment(batch.added());
        repeated.increment(batch.repeated());
        late.increment((double) batch.late() + batch.refused());
        stale.increment(batch.stale());
        histograms.increment(batch.histograms());
    }

    @Override
    public void fetched(Outcome outcome, long sentPoints, long nanos) {
        points.increment(sentPoints);
        Timer timer = fetches.get(outcome);
        if (timer != null) {
            timer.record(nanos, TimeUnit.NANOSECONDS);
        }
    }
}
