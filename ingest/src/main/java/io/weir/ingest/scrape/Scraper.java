package io.weir.ingest.scrape;

import io.weir.ingest.load.FamilyMetadata;
import io.weir.ingest.load.MetadataCollector;
import io.weir.ingest.load.SampleBatch;
import io.weir.ingest.openmetrics.MetricType;
import io.weir.ingest.openmetrics.TextFormatListener;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scrapes one source again and again and remembers what it had, to mark series that vanish as stale; used by one thread.
 *
 * <p>Rules of Prometheus 3.14 (scrape/scrape.go) with its default settings: the labels job and instance are added, a scraped label of
 * that name becomes exported_job and so on; a sample's own timestamp is kept, and such series get no staleness marker; a second sample of a
 * series in one scrape is dropped; a scrape that fails in any way gives no samples but {@code up} 0 and stale markers for all series.
 */
public final class Scraper {
    private static final Logger LOG = LoggerFactory.getLogger(Scraper.class);
    private static final int SAMPLES_PER_BATCH = 20_000;
    private static final long BYTES_PER_BATCH = 4L * 1024 * 1024;

    private final ScrapeSource source;
    private final SampleSink sink;
    private final ScrapeSettings settings;
    private final InstantSource clock;
    private final LongSupplier nanoTime;
    private final Labels upLabels;
    private final Labels durationLabels;
    private final Labels samplesLabels;

    /** Series as scraped to series as stored. */
    private Map<Labels, Labels> previous = new HashMap<>();

    private Map<Labels, Labels> current = new HashMap<>();
    private final List<SampleBatch> batches = new ArrayList<>();
    private List<FamilyMetadata> metadataSent = List.of();
    private boolean failureLogged;

    /**
     * A scraper of a source.
     *
     * @param clock gives the timestamps
     * @param nanoTime measures the duration
     */
    public Scraper(
            ScrapeSource source, SampleSink sink, ScrapeSettings settings, InstantSource clock, LongSupplier nanoTime) {
        this.source = source;
        this.sink = sink;
        this.settings = settings;
        this.clock = clock;
        this.nanoTime = nanoTime;
        this.upLabels = report("up");
        this.durationLabels = report("scrape_duration_seconds");
        this.samplesLabels = report("scrape_samples_scraped");
    }

    /**
     * Scrapes once and gives the samples to the sink.
     *
     * @return whether the source was up
     * @throws IOException if the sink failed; series that were to be marked stale are marked the next time
     */
    public boolean scrape() throws IOException, InterruptedException {
        long timestampMillis = clock.millis();
        long startNanos = nanoTime.getAsLong();
        Round round = new Round(timestampMillis);
        batches.clear();
        current.clear();
        boolean up = collect(round);
        if (!up) {
            batches.clear();
            current.clear();
        }
        Map<Labels, Labels> vanished = new HashMap<>();
        for (Map.Entry<Labels, Labels> entry : previous.entrySet()) {
            if (!current.containsKey(entry.getKey())) {
                vanished.put(entry.getKey(), entry.getValue());
                add(entry.getValue(), timestampMillis, StaleMarker.VALUE);
            }
        }
        add(upLabels, timestampMillis, up ? 1 : 0);
        add(durationLabels, timestampMillis, (nanoTime.getAsLong() - startNanos) / 1e9);
        add(samplesLabels, timestampMillis, round.samples);

        Map<Labels, Labels> swapped = previous;
        previous = current;
        current = swapped;
        try {
            for (SampleBatch batch : batches) {
                sink.write(batch);
            }
        } catch (IOException e) {
            if (previous.size() + vanished.size() <= settings.samplesMax()) {
                vanished.forEach(previous::putIfAbsent);
            }
            throw e;
        }
        if (up) {
            writeMetadata(round.metadata.takeAll());
        }
        return up;
    }

    private boolean collect(Round round) throws InterruptedException {
        try {
            source.collect(round);
            failureLogged = false;
            return true;
        } catch (IOException e) {
            // Once per outage, the rest is told by the series "up".
            if (failureLogged) {
                LOG.debug("scrape of job {} instance {} failed", source.job(), source.instance(), e);
            } else {
                LOG.warn("scrape of job {} instance {} failed: {}", source.job(), source.instance(), e.toString());
            }
            failureLogged = true;
            return false;
        }
    }

    private void writeMetadata(List<FamilyMetadata> metadata) throws IOException, InterruptedException {
        if (!metadata.equals(metadataSent)) {
            sink.writeMetadata(metadata);
            metadataSent = metadata;
        }
    }

    private void add(Labels labels, long timestampMillis, double value) {
        SampleBatch batch = batches.isEmpty() ? null : batches.getLast();
        if (batch == null || batch.samples() >= SAMPLES_PER_BATCH || batch.bytes() >= BYTES_PER_BATCH) {
            batch = new SampleBatch();
            batches.add(batch);
        }
        batch.add(labels, timestampMillis, value);
    }

    private Labels report(String name) {
        return Labels.of(Labels.METRIC_NAME, name, "job", source.job(), "instance", source.instance());
    }

    private Labels withTargetLabels(Labels scraped) {
        Labels moved = exported(exported(scraped, "job"), "instance");
        return moved.with("job", source.job()).with("instance", source.instance());
    }

    /** The labels with one renamed to exported_..., with the prefix as often as needed to be free. */
    private static Labels exported(Labels labels, String name) {
        String value = labels.get(name);
        if (value.isEmpty()) {
            return labels;
        }
        String free = "exported_" + name;
        while (labels.has(free)) {
            free = "exported_" + free;
        }
        return labels.with(name, "").with(free, value);
    }

    /** The samples of one scrape. */
    private final class Round implements TextFormatListener {
        private final long scrapeMillis;
        private final MetadataCollector metadata = new MetadataCollector();
        private int samples;

        Round(long scrapeMillis) {
            this.scrapeMillis = scrapeMillis;
        }

        @Override
        public void onSample(Labels labels, double value, long timestampMillis, long line) throws IOException {
            if (++samples > settings.samplesMax()) {
                throw tooMany("samples");
            }
            if (timestampMillis != NO_TIMESTAMP) {
                add(withTargetLabels(labels), timestampMillis, value);
                return;
            }
            Labels known = previous.get(labels);
            Labels stored = known == null ? withTargetLabels(labels) : known;
            if (current.putIfAbsent(labels, stored) == null) {
                add(stored, scrapeMillis, value);
            }
        }

        @Override
        public void onType(String family, MetricType type) throws IOException {
            metadata.type(family, type);
            checkFamilies();
        }

        @Override
        public void onHelp(String family, String help) throws IOException {
            metadata.help(family, help);
            checkFamilies();
        }

        @Override
        public void onUnit(String family, String unit) throws IOException {
            metadata.unit(family, unit);
            checkFamilies();
        }

        private void checkFamilies() throws IOException {
            if (metadata.size() > settings.samplesMax()) {
                throw tooMany("families");
            }
        }

        private IOException tooMany(String what) {
            return new IOException("more than the limit of " + settings.samplesMax() + " " + what
                    + " in one scrape: raise samplesMax or expose less");
        }
    }
}
