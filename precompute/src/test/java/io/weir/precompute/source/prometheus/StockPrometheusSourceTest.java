package io.weir.precompute.source.prometheus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.source.AllowedHosts;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceAddress;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.TestingJobs;
import io.weir.precompute.source.net.PinnedAddresses;
import java.io.File;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stock Prometheus that scrapes itself, as the source, and as the oracle of what is made of its samples. */
@Tag("slow")
class StockPrometheusSourceTest {
    private static final long WINDOW = 10_000;

    private static long deadline() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    private static Job job(JobQuery query, int port) {
        String text = "http://127.0.0.1:" + port;
        return TestingJobs.job("default", query, 5_000, new SourceAddress.Prometheus(text, URI.create(text)));
    }

    @Test
    void sketchesOfItsSamplesAgreeWithItsOwnAnswers(@TempDir Path folder) throws Exception {
        int port = freePort();
        Path configuration = folder.resolve("prometheus.yml");
        Files.writeString(
                configuration,
                "global: {scrape_interval: 1s}\n"
                        + "scrape_configs:\n"
                        + "- job_name: self\n"
                        + "  static_configs:\n"
                        + "  - targets: ['127.0.0.1:"
                        + port + "']\n");
        Process prometheus = new ProcessBuilder(
                        "prometheus",
                        "--config.file=" + configuration,
                        "--storage.tsdb.path=" + folder.resolve("data"),
                        "--web.listen-address=127.0.0.1:" + port,
                        "--log.level=error")
                .redirectErrorStream(true)
                .redirectOutput(new File(folder.toFile(), "log"))
                .start();
        try (PinnedAddresses addresses = new PinnedAddresses(AllowedHosts.parse("127.0.0.1"), 2);
                PrometheusSource source =
                        new PrometheusSource(PrometheusSettings.DEFAULT, addresses, InstantSource.system())) {
            JobQuery.OfExpression count = TestingJobs.expression("count_over_time(up[10s])");
            await().atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofSeconds(1))
                    .until(() -> {
                        try {
                            ResultVector seen =
                                    source.evaluate(job(count, port), count, System.currentTimeMillis(), deadline());
                            return !seen.elements().isEmpty()
                                    && seen.elements().getFirst().value() >= 10;
                        } catch (SourceException starting) {
                            return false;
                        }
                    });
            // Not now: what is scraped at this moment may come between two questions.
            long tick = (System.currentTimeMillis() - 2_000) / 5_000 * 5_000;
            String selector = "{__name__=~\"go_memstats_heap_(alloc|idle|inuse)_bytes\",job=\"self\"}";
            for (String metric : new String[] {"go_memstats_heap_alloc_bytes", "go_goroutines"}) {
                compare(source, port, metric, tick);
            }
            // Several metrics with the same labels are several answers to one label set: refused, not merged.
            JobQuery.OfSketch many = TestingJobs.sketch(new SketchFunction.Quantile(0.5), selector, WINDOW);
            org.assertj.core.api.Assertions.assertThatThrownBy(
                            () -> source.sketches(job(many, port), many, tick, deadline()))
                    .isInstanceOf(SourceException.class)
                    .hasMessageContaining("same labels");
        } finally {
            prometheus.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        }
    }

    private static void compare(PrometheusSource source, int port, String metric, long tick) throws Exception {
        JobQuery.OfSketch largest = TestingJobs.sketch(new SketchFunction.Quantile(1), metric, WINDOW);
        SketchBatch batch = source.sketches(job(largest, port), largest, tick, deadline());
        source.forget("job-1");
        for (String function : new String[] {"min", "max", "count"}) {
            JobQuery.OfExpression exact = TestingJobs.expression(function + "_over_time(" + metric + "[10s])");
            Map<String, Double> expected =
                    source.evaluate(job(exact, port), exact, tick, deadline()).elements().stream()
                            .collect(Collectors.toMap(it -> it.labels().toString(), ResultVector.Element::value));
            assertThat(batch.points()).hasSameSizeAs(expected.keySet());
            for (SketchPoint point : batch.points()) {
                double value =
                        Objects.requireNonNull(expected.get(point.labels().toString()));
                double got = switch (function) {
                    case "min" -> point.sketch().quantile(0).orElseThrow();
                    case "max" -> point.sketch().quantile(1).orElseThrow();
                    default -> point.sketch().count();
                };
                if (function.equals("count")) {
                    assertThat(got).isBetween(value - 1, value);
                } else {
                    assertThat(Math.abs(got - value)).isLessThanOrEqualTo(0.0100001 * Math.abs(value));
                }
            }
        }
    }
}
