package io.weir.ingest.scrape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.weir.ingest.load.SampleTable;
import io.weir.promql.series.StaleMarker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

final class ScrapeLoopTest {
    private final List<String> written = new ArrayList<>();
    private final HttpClient client = HttpClient.newHttpClient();
    private final InstantSource clock = InstantSource.fixed(Instant.ofEpochMilli(5_000));
    private volatile int status = 200;
    private volatile String contentType = "text/plain; version=0.0.4";
    private volatile String text = "";
    private HttpServer server = create();

    private static HttpServer create() {
        try {
            return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @BeforeEach
    void start() {
        server.createContext("/metrics", exchange -> {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", contentType);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        client.shutdownNow();
    }

    @Test
    void addsLabelsAndMarksWhatVanishesAsStale() throws Exception {
        Scraper scraper = scraper(1 << 20);
        text = "a{job=\"x\",exported_job=\"y\"} 1\nb 2\ntimed 3 77\n";
        assertThat(scraper.scrape()).isTrue();
        String a = "{__name__=\"a\", exported_exported_job=\"x\", exported_job=\"y\", instance=\"i\", job=\"j\"}";
        String b = "{__name__=\"b\", instance=\"i\", job=\"j\"}";
        assertThat(written)
                .contains(a + " 5000 1.0", b + " 5000 2.0", up(1))
                .contains("{__name__=\"timed\", instance=\"i\", job=\"j\"} 77 3.0")
                .contains("{__name__=\"scrape_samples_scraped\", instance=\"i\", job=\"j\"} 5000 3.0");

        contentType = "application/openmetrics-text; version=1.0.0";
        text = "b 2\n# EOF\n";
        written.clear();
        assertThat(scraper.scrape()).isTrue();
        assertThat(written).contains(a + " 5000 stale", b + " 5000 2.0", up(1));
        assertThat(written.stream().filter(line -> line.endsWith("stale"))).hasSize(1);

        status = 500;
        written.clear();
        assertThat(scraper.scrape()).isFalse();
        assertThat(written).contains(b + " 5000 stale", up(0));
    }

    @Test
    void badTextAndTooLongBodiesFailWithoutSamples() throws Exception {
        text = "a 1\nnonsense\n";
        assertThat(scraper(1 << 20).scrape()).isFalse();
        assertThat(written).contains(up(0)).noneMatch(line -> line.contains("\"a\""));
        written.clear();
        text = "a 1\n".repeat(1_000);
        assertThat(scraper(1_000).scrape()).isFalse();
        assertThat(written).contains(up(0)).noneMatch(line -> line.contains("\"a\""));
    }

    @Test
    void loopScrapesTargetsAndStatistics(@TempDir Path proc) throws Exception {
        Files.writeString(proc.resolve("loadavg"), "0.5 1 2 1/100 7\n");
        text = "a 1\n";
        CountDownLatch scraped = new CountDownLatch(2);
        CountDownLatch read = new CountDownLatch(2);
        try (AutoCloseable loop = ScrapeLoop.start(
                List.of(target(1 << 20, 10)),
                new ProcStatistics(proc),
                table -> {
                    boolean node = table.labels(0).get("job").equals("node");
                    (node ? read : scraped).countDown();
                },
                ScrapeSettings.of("host", 10))) {
            assertThat(loop).isNotNull();
            assertThat(scraped.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(read.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** As in a terminal, where Ctrl-C ends the ingester and whoever scrapes for it at the same time. */
    @Test
    @Timeout(60)
    void theEndDoesNotWaitForASinkThatIsGone() throws Exception {
        text = "a 1\n";
        CountDownLatch scraped = new CountDownLatch(2);
        AtomicBoolean isGone = new AtomicBoolean();
        AutoCloseable loop = ScrapeLoop.start(
                List.of(target(1 << 20, 10), target(1 << 20, 10)),
                null,
                table -> {
                    scraped.countDown();
                    if (isGone.get()) {
                        // Its retries.
                        Thread.sleep(120_000);
                    }
                },
                ScrapeSettings.of("host", 10));
        assertThat(scraped.await(20, TimeUnit.SECONDS)).isTrue();
        isGone.set(true);
        loop.close();
    }

    @Test
    void tooManyTargetsAreRefused() {
        List<ScrapeTarget> targets = List.of(target(1, 1_000), target(1, 1_000));
        assertThatThrownBy(() -> ScrapeLoop.start(targets, null, table -> {}, new ScrapeSettings(1, "h", 1_000)))
                .hasMessageContaining("targetsMax=1");
    }

    @Test
    void readsProc(@TempDir Path proc) throws Exception {
        Files.createDirectory(proc.resolve("net"));
        Files.writeString(proc.resolve("stat"), "cpu  9 9 9 9\ncpu0 100 0 50 1000 0 0 0 0 0 0\nbtime 1700000000\n");
        Files.writeString(proc.resolve("meminfo"), "MemTotal:  16 kB\nMemFree: 8 kB\nHugePages_Total: 0\n");
        Files.writeString(proc.resolve("loadavg"), "0.5 1 2 1/100 7\n");
        Files.writeString(
                proc.resolve("diskstats"), "8 0 sda 1 2 3 4 5 6 7 8 9 1500 11\n7 0 loop0 1 2 3 4 5 6 7 8 9 1 1\n");
        Files.writeString(
                proc.resolve("net/dev"),
                "Inter-| Receive | Transmit\n face |bytes |bytes\n  eth0:123 1 0 0 0 0 0 0 456 1 0 0 0 0 0 0\n");
        write(new ProcStatistics(proc).collect(9, Map.of("job", "node")));
        assertThat(written)
                .contains(
                        "{__name__=\"node_cpu_seconds_total\", cpu=\"0\", job=\"node\", mode=\"system\"} 9 0.5",
                        "{__name__=\"node_boot_time_seconds\", job=\"node\"} 9 1.7E9",
                        "{__name__=\"node_memory_MemTotal_bytes\", job=\"node\"} 9 16384.0",
                        "{__name__=\"node_load15\", job=\"node\"} 9 2.0",
                        "{__name__=\"node_disk_read_bytes_total\", device=\"sda\", job=\"node\"} 9 1536.0",
                        "{__name__=\"node_disk_written_bytes_total\", device=\"sda\", job=\"node\"} 9 3584.0",
                        "{__name__=\"node_disk_io_time_seconds_total\", device=\"sda\", job=\"node\"} 9 1.5",
                        "{__name__=\"node_network_receive_bytes_total\", device=\"eth0\", job=\"node\"} 9 123.0",
                        "{__name__=\"node_network_transmit_bytes_total\", device=\"eth0\", job=\"node\"} 9 456.0")
                .noneMatch(line -> line.contains("loop0"));
        assertThat(new ProcStatistics(proc.resolve("missing"))
                        .collect(9, Map.of())
                        .size())
                .isZero();
    }

    private static String up(int value) {
        return "{__name__=\"up\", instance=\"i\", job=\"j\"} 5000 " + (double) value;
    }

    private Scraper scraper(long bodyBytesMax) {
        return new Scraper(target(bodyBytesMax, 10_000), client, this::write, clock);
    }

    private ScrapeTarget target(long bodyBytesMax, long intervalMillis) {
        URI url = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/metrics");
        return new ScrapeTarget("j", "i", url, intervalMillis, 10_000, bodyBytesMax, 0);
    }

    private void write(SampleTable table) {
        for (int i = 0; i < table.size(); i++) {
            String value = StaleMarker.is(table.value(i)) ? "stale" : Double.toString(table.value(i));
            written.add(table.labels(i) + " " + table.timestamp(i) + " " + value);
        }
    }
}
