package io.weir.ingest.scrape;

import io.weir.ingest.load.SampleSink;
import java.io.IOException;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Scrapes several targets and this machine's statistics until closed, each on a virtual thread of its own. */
public final class ScrapeLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ScrapeLoop.class);
    private static final long CONNECT_TIMEOUT_MILLIS = 10_000;
    private static final long CLOSE_WAIT_MILLIS_MAX = 10_000;

    private final HttpClient client;
    private final List<Scraper> scrapers = new ArrayList<>();
    private final @Nullable Thread statisticsThread;
    private volatile boolean closed;

    private ScrapeLoop(
            List<ScrapeTarget> targets,
            @Nullable ProcStatistics statistics,
            SampleSink sink,
            ScrapeSettings settings,
            InstantSource clock) {
        client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .connectTimeout(Duration.ofMillis(CONNECT_TIMEOUT_MILLIS))
                .build();
        for (ScrapeTarget target : targets) {
            scrapers.add(new Scraper(target, client, sink, clock));
        }
        statisticsThread = statistics == null
                ? null
                : Thread.ofVirtual()
                        .name("weir-scrape-node")
                        .unstarted(() -> runStatistics(statistics, sink, settings, clock));
    }

    /**
     * Starts; the first scrapes begin at once.
     *
     * @param statistics of this machine, or null for none
     * @throws IllegalArgumentException if there are more targets than the settings allow
     */
    public static AutoCloseable start(
            List<ScrapeTarget> targets, @Nullable ProcStatistics statistics, SampleSink sink, ScrapeSettings settings) {
        if (targets.size() > settings.targetsMax()) {
            throw new IllegalArgumentException(targets.size() + " scrape targets are more than targetsMax="
                    + settings.targetsMax() + ": raise it, or scrape some from another process");
        }
        ScrapeLoop loop = new ScrapeLoop(targets, statistics, sink, settings, InstantSource.system());
        loop.scrapers.forEach(Scraper::start);
        if (loop.statisticsThread != null) {
            loop.statisticsThread.start();
        }
        return loop;
    }

    private void runStatistics(
            ProcStatistics statistics, SampleSink sink, ScrapeSettings settings, InstantSource clock) {
        Map<String, String> labels = Map.of("job", "node", "instance", settings.statisticsInstance());
        try {
            while (!closed) {
                try {
                    sink.write(statistics.collect(clock.millis(), labels));
                } catch (IOException | RuntimeException e) {
                    LOG.warn("statistics of this machine could not be stored: {}", e.toString());
                }
                TimeUnit.MILLISECONDS.sleep(settings.statisticsIntervalMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Stops all scrapes, marks the targets' series as stale and waits, for a bounded time, for the threads to end. */
    @Override
    public void close() throws InterruptedException {
        closed = true;
        Thread statistics = statisticsThread;
        if (statistics != null) {
            statistics.interrupt();
            statistics.join(CLOSE_WAIT_MILLIS_MAX);
        }
        // All at once: each may have to wait for a sink that is gone, as when Ctrl-C has reached every process of a
        // group.
        List<Thread> ends = scrapers.stream()
                .map(scraper -> Thread.ofVirtual().start(scraper::close))
                .toList();
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_WAIT_MILLIS_MAX);
        for (Thread end : ends) {
            if (!end.join(Duration.ofNanos(Math.max(1, deadlineNanos - System.nanoTime())))) {
                end.interrupt();
            }
        }
        client.shutdownNow();
    }
}
