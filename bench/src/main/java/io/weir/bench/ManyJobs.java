package io.weir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A user's exact query without and with many jobs that tick beside it, and whether their ticks keep up. */
final class ManyJobs {
    private static final String USER_QUERY = "quantile by (pattern) (0.99, sensor_reading{region=\"region-1\"})";
    private static final long GRANULARITY_SECONDS = 10;
    private static final long SETTLE_MILLIS = 30_000;
    private static final int TURNS = 6;

    private final PrecomputeClient client;
    private final PrintStream out;
    private final int jobs;
    private final int rounds;
    private final int valuesPerLabel;

    ManyJobs(PrecomputeClient client, PrintStream out, int jobs, int rounds, int valuesPerLabel) {
        this.client = client;
        this.out = out;
        this.jobs = jobs;
        this.rounds = rounds;
        this.valuesPerLabel = valuesPerLabel;
    }

    /**
     * In turns, without and with them: a process answers faster the longer it runs, and the machine's own noise lasts longer than a turn. The tail
     * is that of all turns together: of one turn it is the time of a handful of queries.
     */
    void run() throws IOException, InterruptedException {
        out.printf(
                Locale.ROOT,
                "%n`%s`, exact, %d times every 50 ms, without jobs and beside %d at %d s, in %d turns:%n%n",
                USER_QUERY,
                rounds,
                jobs,
                GRANULARITY_SECONDS,
                TURNS);
        // One turn before those that count: the first is the slowest, on both sides.
        Turn warmUp = turn();
        out.printf("to warm up: %s%n%n", warmUp.text());
        double[] without = new double[TURNS * rounds];
        double[] beside = new double[TURNS * rounds];
        for (int i = 0; i < TURNS; i++) {
            Turn turn = turn();
            out.println(turn.text());
            System.arraycopy(turn.without(), 0, without, i * rounds, rounds);
            System.arraycopy(turn.beside(), 0, beside, i * rounds, rounds);
        }
        out.printf("%nall turns: %s%n", compared(Timings.of(without), Timings.of(beside)));
    }

    /** Times without and beside the jobs, and what their ticks did. */
    private record Turn(double[] without, double[] beside, Totals before, Totals after, long seconds, long due) {
        String text() {
            return String.format(
                    Locale.ROOT,
                    "%s; ticks in %d s: %d of %d due, %d skipped, %d failed",
                    compared(Timings.of(without), Timings.of(beside)),
                    seconds,
                    after.runs() - before.runs(),
                    due,
                    after.skipped() - before.skipped(),
                    after.failures() - before.failures());
        }
    }

    private Turn turn() throws IOException, InterruptedException {
        double[] without = user();
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < jobs; i++) {
            ids.add(client.register(query(i), GRANULARITY_SECONDS + "s", "bench/many/" + i, null));
        }
        Thread.sleep(SETTLE_MILLIS);
        Totals before = totals();
        long begin = System.nanoTime();
        double[] beside = user();
        // whole granularities, so that the number of ticks that are due is known
        long took = (System.nanoTime() - begin) / 1_000_000_000;
        long periods = took / GRANULARITY_SECONDS + 1;
        long rest = periods * GRANULARITY_SECONDS * 1_000 - (System.nanoTime() - begin) / 1_000_000;
        Thread.sleep(Math.max(0, rest));
        Totals after = totals();
        for (String id : ids) {
            client.delete(id);
        }
        return new Turn(without, beside, before, after, periods * GRANULARITY_SECONDS, periods * jobs);
    }

    private static String compared(Timings without, Timings beside) {
        return String.format(
                Locale.ROOT,
                "p50 %.1f, p90 %.1f, p99 %.1f ms; beside p50 %.1f, p90 %.1f, p99 %.1f ms (p99 %+.0f %%)",
                without.median(),
                without.quantile(0.9),
                without.quantile(0.99),
                beside.median(),
                beside.quantile(0.9),
                beside.quantile(0.99),
                100 * (beside.quantile(0.99) / without.quantile(0.99) - 1));
    }

    private record Totals(long runs, long skipped, long failures) {}

    private Totals totals() throws IOException, InterruptedException {
        List<PrecomputeClient.Job> all = client.jobs();
        return new Totals(
                all.stream().mapToLong(PrecomputeClient.Job::runs).sum(),
                all.stream().mapToLong(PrecomputeClient.Job::skipped).sum(),
                all.stream().mapToLong(PrecomputeClient.Job::failures).sum());
    }

    /** Each asks for the average of seven series. */
    private String query(int number) {
        return "avg(sensor_reading{region=\"region-%d\",service=\"service-%d\",host=\"host-%d\"}) + %d"
                .formatted(
                        number / (valuesPerLabel * valuesPerLabel) % valuesPerLabel,
                        number / valuesPerLabel % valuesPerLabel,
                        number % valuesPerLabel,
                        number);
    }

    private double[] user() throws IOException, InterruptedException {
        double[] millis = new double[rounds];
        for (int i = -20; i < rounds; i++) {
            double took = client.query(USER_QUERY, 0, false).millis();
            millis[Math.max(0, i)] = took;
            // a person's dashboard, not a closed loop that takes whatever the machine has
            Thread.sleep(50);
        }
        return millis;
    }
}
