package io.weir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What jobs' sketches get wrong, against counting the samples of the window themselves; then what their ticks cost beside the exact queries. */
final class SketchAccuracy {
    private static final long WINDOW_MILLIS = 300_000;
    private static final int TOP = 10;
    private static final int EXACT_ROUNDS = 15;

    private final PrecomputeClient client;
    private final PrintStream out;
    private final KnownStreams zipf;
    private final KnownStreams latency;
    private final int tickPeriods;
    private final List<Job> jobs = new ArrayList<>();

    /**
     * @param tickPeriods for how many periods of its jobs their ticks are watched
     */
    SketchAccuracy(PrecomputeClient client, PrintStream out, KnownStreams zipf, KnownStreams latency, int tickPeriods) {
        this.client = client;
        this.out = out;
        this.tickPeriods = tickPeriods;
        this.zipf = zipf;
        this.latency = latency;
    }

    void run() throws IOException, InterruptedException {
        out.printf("%n| job | what | worst over streams | target |%n|---|---|---|---|%n");
        for (String rank : List.of("0.5", "0.9", "0.99")) {
            quantile(Double.parseDouble(rank), rank);
        }
        distinctPerStream();
        distinctOverall();
        topValues();
        costs();
        for (Job job : jobs) {
            client.delete(job.id());
        }
    }

    private void quantile(double rank, String text) throws IOException, InterruptedException {
        Job job = job("quantile_over_time(" + text + ", latency[5m])", "bench/quantile/" + text, null);
        double worst = 0;
        Map<Map<String, String>, Double> result = PrecomputeClient.vector(job.body());
        for (int stream = 0; stream < latency.labels().size(); stream++) {
            double[] window = latency.window(stream, job.endMillis(), WINDOW_MILLIS);
            Arrays.sort(window);
            double exact = window[(int) Math.max(0, Math.ceil(rank * window.length) - 1)];
            double found = result.getOrDefault(Map.of("stream", "s" + stream), Double.NaN);
            worst = larger(worst, Math.abs(found - exact) / exact);
        }
        row(job, "relative error against the value of rank ceil(q n)", "%.5f".formatted(worst), "0.01");
    }

    private void distinctPerStream() throws IOException, InterruptedException {
        Job job = job("count_distinct_over_time(zipf[5m])", "bench/distinct/stream", null);
        Map<Map<String, String>, Double> result = PrecomputeClient.vector(job.body());
        Map<Map<String, String>, Double> counted = PrecomputeClient.vector(
                client.query(job.query(), job.endMillis() / 1000.0, false).body());
        double worst = 0;
        for (int stream = 0; stream < zipf.labels().size(); stream++) {
            int exact = KnownStreams.counts(zipf.window(stream, job.endMillis(), WINDOW_MILLIS))
                    .size();
            if (counted.getOrDefault(Map.of("stream", "s" + stream), Double.NaN) != exact) {
                throw new IOException(
                        "the exact answer " + counted + " is not what was sent: " + exact + " in s" + stream);
            }
            double found = result.getOrDefault(Map.of("stream", "s" + stream), Double.NaN);
            worst = larger(worst, Math.abs(found - exact) / exact);
        }
        row(job, "relative error", "%.5f".formatted(worst), "0.02");
    }

    private void distinctOverall() throws IOException, InterruptedException {
        Job job = job("count_distinct_over_time(zipf{stream=~\".+\"}[5m])", "bench/distinct/all", List.of());
        Set<Double> values = new HashSet<>();
        for (int stream = 0; stream < zipf.labels().size(); stream++) {
            values.addAll(KnownStreams.counts(zipf.window(stream, job.endMillis(), WINDOW_MILLIS))
                    .keySet());
        }
        double found = PrecomputeClient.vector(job.body()).getOrDefault(Map.of(), Double.NaN);
        row(
                job,
                "relative error of all streams merged, %d values".formatted(values.size()),
                "%.4f".formatted(Math.abs(found - values.size()) / values.size()),
                "0.02");
    }

    private void topValues() throws IOException, InterruptedException {
        Job job = job("top_k_over_time(" + TOP + ", zipf[5m])", "bench/top", null);
        Map<Map<String, String>, Double> result = PrecomputeClient.vector(job.body());
        double leastRecall = 1;
        double worstCount = 0;
        for (int stream = 0; stream < zipf.labels().size(); stream++) {
            Map<Double, Integer> counts = KnownStreams.counts(zipf.window(stream, job.endMillis(), WINDOW_MILLIS));
            int tenth = counts.values().stream()
                    .sorted(java.util.Comparator.reverseOrder())
                    .skip(TOP - 1)
                    .findFirst()
                    .orElse(0);
            int right = 0;
            for (Map.Entry<Map<String, String>, Double> element : result.entrySet()) {
                if (element.getKey().getOrDefault("stream", "").equals("s" + stream)) {
                    double item = Double.parseDouble(element.getKey().getOrDefault("item", "NaN"));
                    int count = counts.getOrDefault(item, 0);
                    right += count >= tenth ? 1 : 0;
                    worstCount = larger(worstCount, Math.abs(element.getValue() - count) / Math.max(1, count));
                }
            }
            leastRecall = Math.min(leastRecall, (double) right / TOP);
        }
        row(
                job,
                "recall@10, Zipf(1.1) over 100,000 keys; relative error of the counts %.4f".formatted(worstCount),
                "%.2f".formatted(leastRecall),
                "0.9");
    }

    /** Missing results are the worst of all. */
    private static double larger(double worst, double error) {
        return Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(worst, error);
    }

    /**
     * A job with results.
     *
     * @param body of its newest result
     */
    private record Job(String query, String id, byte[] body, long endMillis, double firstTickMillis) {}

    private Job job(String query, String path, @org.jspecify.annotations.Nullable List<String> labels)
            throws IOException, InterruptedException {
        String id = client.register(query, TickCosts.PERIOD_SECONDS + "s", path, labels);
        JobWatch.awaitSuccess(client, id);
        double first = client.job(id).durationMillis();
        byte[] body = client.result(path);
        Job job = new Job(query, id, body, Math.round(PrecomputeClient.timestampSeconds(body) * 1_000), first);
        jobs.add(job);
        return job;
    }

    private void row(Job job, String what, String worst, String target) {
        out.printf("| `%s` | %s | %s | %s |%n", job.query(), what, worst, target);
    }

    private void costs() throws IOException, InterruptedException {
        Map<String, String> queries = new LinkedHashMap<>();
        for (Job job : jobs) {
            queries.put(job.id(), job.query());
        }
        Map<String, TickCosts.Cost> costs = new TickCosts(client, queries).measure(tickPeriods);
        out.printf(
                "%n| job | first tick ms | tick ms | exact once a period ms | pays from queries a tick | exact %d in a"
                        + " row ms |%n|---|---|---|---|---|---|%n",
                EXACT_ROUNDS);
        for (Job job : jobs) {
            TickCosts.Cost cost = costs.getOrDefault(job.id(), new TickCosts.Cost(Double.NaN, Double.NaN));
            out.printf(
                    Locale.ROOT,
                    "| `%s` | %.1f | %.1f | %.1f | %.2f | %.1f |%n",
                    job.query(),
                    job.firstTickMillis(),
                    cost.tickMillis(),
                    cost.exactMillis(),
                    cost.breakEvenQueries(),
                    exactInARow(job.query()));
        }
    }

    /** Faster than once a period: nothing has left the processor's caches. */
    private double exactInARow(String query) throws IOException, InterruptedException {
        double[] millis = new double[EXACT_ROUNDS];
        for (int round = 0; round < EXACT_ROUNDS; round++) {
            millis[round] = client.query(query, 0, false).millis();
        }
        return Timings.of(millis).median();
    }
}
