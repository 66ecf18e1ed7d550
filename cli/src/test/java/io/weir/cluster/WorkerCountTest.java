package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.cli.process.Ports;
import io.weir.proto.remote.v1.TimeSeries;
import io.weir.proto.remote.v1.WriteRequest;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same data gives the same bytes with 1, 2 and 5 workers, and from a local folder and from S3. */
@Tag("slow")
class WorkerCountTest {
    private static final long START = 1_780_000_000_000L / 86_400_000 * 86_400_000 + 20 * 3_600_000L;
    private static final int HOSTS = 60;
    private static final int INTERVALS = 4 * 60 * 8;

    private static final List<String> EXPRESSIONS = List.of(
            "cpu_seconds_total{instance=\"host-7\"}",
            "sum by (mode) (rate(cpu_seconds_total[5m]))",
            "sum(rate(cpu_seconds_total[5m]))",
            "avg without (instance) (rate(cpu_seconds_total[5m]))",
            "stddev by (mode) (increase(cpu_seconds_total[10m]))",
            "topk(3, rate(cpu_seconds_total[5m]))",
            "bottomk by (mode) (2, cpu_seconds_total)",
            "count_values(\"value\", floor(load1))",
            "max_over_time(load1[1h:5m])",
            "quantile(0.9, load1)",
            "load1 / on (instance) group_left sum by (instance) (rate(cpu_seconds_total[5m]))",
            "sum by (mode) (cpu_seconds_total) and on (mode) cpu_seconds_total{mode=\"idle\", instance=\"host-1\"}",
            "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[10m])))",
            "label_replace(load1, \"host\", \"$1\", \"instance\", \"host-(.*)\")",
            "sum(load1 offset 30m) - sum(load1)",
            "sum_over_time(load1[6h])",
            "avg(load1 @ " + (START / 1000 + 7_200) + ")",
            "absent(load1{instance=\"nowhere\"})",
            "min(min_over_time(load1[30m])) or vector(0)");

    @TempDir
    private Path folder;

    @Test
    void workersAndStoresDoNotChangeAByte() throws Exception {
        Map<String, List<String>> answers = new LinkedHashMap<>();
        try (TestingCluster cluster = TestingCluster.withLocalLake(folder.resolve("local"))) {
            TestingCluster.Node ingest = cluster.ingest("ingest", Ports.free());
            load(new TestingClient(ingest.base(), "acme"));
            for (int worker = 0; worker < 5; worker++) {
                cluster.worker("worker-" + worker);
            }
            for (int workers : new int[] {1, 2, 5}) {
                TestingCluster.Node api = cluster.api("api-" + workers, workers);
                answers.put("local, " + workers + " workers", ask(new TestingClient(api.base(), "acme")));
            }
        }
        try (TestingS3 s3 = TestingS3.start();
                TestingCluster cluster = new TestingCluster(folder.resolve("s3"), s3.lakeOptions())) {
            TestingCluster.Node ingest = cluster.ingest("ingest", Ports.free());
            load(new TestingClient(ingest.base(), "acme"));
            cluster.worker("worker-0");
            cluster.worker("worker-1");
            TestingCluster.Node api = cluster.api("api", 2);
            answers.put("s3, 2 workers", ask(new TestingClient(api.base(), "acme")));
        }
        List<String> first = answers.values().iterator().next();
        assertThat(first).hasSize(2 * EXPRESSIONS.size()).noneMatch(answer -> answer.contains("\"result\":[]"));
        answers.forEach((where, given) -> {
            for (int i = 0; i < first.size(); i++) {
                assertThat(given.get(i))
                        .as(where + ": " + EXPRESSIONS.get(i / 2))
                        .isEqualTo(first.get(i));
            }
        });
    }

    private static List<String> ask(TestingClient client) throws IOException, InterruptedException {
        double end = START / 1000.0 + INTERVALS * 15;
        List<String> bodies = new ArrayList<>();
        for (String expression : EXPRESSIONS) {
            for (String path : List.of(
                    client.instantPath(expression, end - 60),
                    client.rangePath(expression, START / 1000.0 + 3_600, end, 60))) {
                HttpResponse<String> response = client.get(path);
                assertThat(response.statusCode())
                        .as(path + ": " + response.body())
                        .isEqualTo(200);
                bodies.add(response.body());
            }
        }
        return bodies;
    }

    /** Eight hours over midnight, sent in several requests with flushes between, so that series are spread over segments. */
    private static void load(TestingClient client) throws IOException, InterruptedException {
        Random random = new Random(42);
        double[][] totals = new double[HOSTS][16];
        for (int chunk = 0; chunk < 8; chunk++) {
            WriteRequest.Builder request = WriteRequest.newBuilder();
            for (int host = 0; host < HOSTS; host++) {
                List<TimeSeries.Builder> series = new ArrayList<>();
                for (String mode : List.of("idle", "user", "system")) {
                    series.add(TestingClient.series("cpu_seconds_total", "instance", "host-" + host, "mode", mode));
                }
                series.add(TestingClient.series("load1", "instance", "host-" + host));
                for (String bound : List.of("0.1", "1", "+Inf")) {
                    series.add(TestingClient.series("latency_seconds_bucket", "instance", "host-" + host, "le", bound));
                }
                for (int i = chunk * INTERVALS / 8; i < (chunk + 1) * INTERVALS / 8; i++) {
                    long time = START + i * 15_000L + host * 7;
                    for (int s = 0; s < series.size(); s++) {
                        double step = random.nextDouble() * (s + 1);
                        boolean gauge = s == 3;
                        totals[host][s] =
                                gauge ? Math.rint(step * 300) / 100 : totals[host][s] + Math.rint(step * 100) / 100;
                        if (s > 4) {
                            totals[host][s] = Math.max(totals[host][s], totals[host][s - 1]);
                        }
                        series.get(s).addSamples(TestingClient.sample(time, totals[host][s]));
                    }
                }
                series.forEach(request::addTimeseries);
            }
            HttpResponse<String> response = client.write(request.build());
            assertThat(response.statusCode()).as(response.body()).isBetween(200, 299);
            client.flush();
        }
    }
}
