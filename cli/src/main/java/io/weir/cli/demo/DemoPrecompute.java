package io.weir.cli.demo;

import io.weir.cli.jobs.PrecomputeJobs;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The demonstration's job: a quantile of live data that is computed every few seconds, and a query that is answered from it. */
final class DemoPrecompute {
    private static final String QUERY = "quantile_over_time(0.9, node_load1[1m])";
    private static final String GRANULARITY = "5s";
    private static final long HIT_MILLIS_MAX = 60_000;
    private static final long POLL_MILLIS = 500;

    private final URI api;
    private final HttpClient client;
    private final PrintStream out;

    DemoPrecompute(URI api, HttpClient client, PrintStream out) {
        this.api = api;
        this.client = client;
        this.out = out;
    }

    private record Answer(HttpResponse<String> response, long micros) {
        boolean isHit() {
            return response.headers().firstValue("X-Query-Source").equals(Optional.of("precompute"));
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("?");
        }
    }

    /**
     * Makes the job, waits for its first result and shows the same query answered both ways.
     *
     * @throws IOException if no query is answered from the job in time
     */
    void run() throws IOException, InterruptedException {
        out.println();
        out.println("A query that is computed before it is asked, every " + GRANULARITY);
        out.println("  weir jobs add '" + QUERY + "' --granularity " + GRANULARITY + " --url " + api);
        PrecomputeJobs jobs = new PrecomputeJobs(api, "default", false, out);
        jobs.add(new PrecomputeJobs.Wish(QUERY, GRANULARITY, "lake://", "ddsketch", "demo/load/p90", "", List.of()));
        Answer hit = awaitHit();
        Answer exact = ask(true);
        if (exact.isHit()) {
            throw new IOException("a query that asked for the exact answer got a precomputed one");
        }
        out.printf(
                Locale.ROOT,
                "  the ordinary way %.1f ms; from job %s %.1f ms, %s s old, error bound %s%n",
                exact.micros() / 1_000.0,
                hit.header("X-Precompute-Job"),
                hit.micros() / 1_000.0,
                hit.header("Age"),
                hit.header("X-Precompute-Error-Bound"));
        out.println("  weir jobs ls --url " + api);
        jobs.list("");
    }

    private Answer awaitHit() throws IOException, InterruptedException {
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(HIT_MILLIS_MAX);
        while (true) {
            Answer answer = ask(false);
            if (answer.isHit()) {
                // Again, when all its code has run once.
                Answer second = ask(false);
                return second.isHit() ? second : answer;
            }
            if (System.nanoTime() > deadlineNanos) {
                throw new IOException("no query was answered from the job within " + HIT_MILLIS_MAX + " ms");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** @param bypass whether to ask for the exact answer */
    private Answer ask(boolean bypass) throws IOException, InterruptedException {
        String query = "/api/v1/query?query=" + URLEncoder.encode(QUERY, StandardCharsets.UTF_8)
                + (bypass ? "&precompute=off" : "");
        long begunNanos = System.nanoTime();
        HttpResponse<String> response = client.send(
                HttpRequest.newBuilder(api.resolve(query))
                        .timeout(Duration.ofSeconds(30))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        long micros = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - begunNanos);
        if (response.statusCode() != 200) {
            throw new IOException("the query answered " + response.statusCode() + ": " + response.body());
        }
        return new Answer(response, micros);
    }
}
