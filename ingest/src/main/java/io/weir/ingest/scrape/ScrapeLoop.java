package io.weir.ingest.scrape;

import java.io.IOException;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Scrapes targets at an interval until closed, each on a virtual thread of its own; a slow scrape delays only its own target. */
public final class ScrapeLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ScrapeLoop.class);

    private final HttpClient http;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final long intervalNanos;

    private ScrapeLoop(HttpClient http, ScrapeSettings settings) {
        this.http = http;
        this.intervalNanos = TimeUnit.MILLISECONDS.toNanos(settings.intervalMillis());
    }

    /**
     * Starts scraping the targets and, if given, this machine's statistics; the first scrapes begin at once.
     *
     * @throws IllegalArgumentException if there are more targets than the settings allow
     */
    public static AutoCloseable start(
            List<ScrapeTarget> targets, @Nullable ProcStatistics statistics, SampleSink sink, ScrapeSettings settings) {
        if (targets.size() > settings.targetsMax()) {
            throw new IllegalArgumentException(targets.size() + " scrape targets are more than the limit of "
                    + settings.targetsMax() + ": raise targetsMax or start another process");
        }
        HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .connectTimeout(Duration.ofMillis(settings.timeoutMillis()))
                .build();
        List<ScrapeSource> sources = new ArrayList<>();
        for (ScrapeTarget target : targets) {
            sources.add(new HttpScrapeSource(target, http, settings));
        }
        if (statistics != null) {
            sources.add(statistics);
        }
        ScrapeLoop loop = new ScrapeLoop(http, settings);
        for (ScrapeSource source : sources) {
            Scraper scraper = new Scraper(source, sink, settings, InstantSource.system(), System::nanoTime);
            loop.executor.execute(() -> loop.run(source, scraper));
        }
        return loop;
    }

    /** Interrupts scrapes that are running and returns when their threads have ended. */
    @Override
    public void close() {
        executor.shutdownNow();
        executor.close();
        http.shutdownNow();
    }

    private void run(ScrapeSource source, Scraper scraper) {
        long dueNanos = System.nanoTime();
        try {
            while (!executor.isShutdown()) {
                scrape(source, scraper);
                dueNanos += intervalNanos;
                long now = System.nanoTime();
                if (dueNanos - now <= 0) {
                    // Scrapes that were missed are skipped, the rhythm stays.
                    dueNanos += ((now - dueNanos) / intervalNanos + 1) * intervalNanos;
                }
                TimeUnit.NANOSECONDS.sleep(dueNanos - now);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            LOG.debug("scraping of job {} instance {} ends", source.job(), source.instance());
        }
    }

    private static void scrape(ScrapeSource source, Scraper scraper) throws InterruptedException {
        try {
            scraper.scrape();
        } catch (IOException e) {
            LOG.warn("samples of job {} instance {} are lost: {}", source.job(), source.instance(), e.toString());
        } catch (RuntimeException e) {
            LOG.error("scraping job {} instance {} failed, will try again", source.job(), source.instance(), e);
        }
    }
}
