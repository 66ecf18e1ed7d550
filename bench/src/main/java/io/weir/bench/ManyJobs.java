package io.weir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;

/** A user's exact query without and with many jobs that tick beside it, and whether their ticks keep up. */
final class ManyJobs {
    private static final String USER_QUERY = "quantile by (pattern) (0.99, sensor_reading{region=\"region-1\"})";
    private static final long GRANULARITY_SECONDS = 10;
    private static final long SETTLE_MILLIS = 30_000;
    private static final int TURNS = 6;
    /** Run at most, until as many questions as there are in {@link #TURNS} were quiet. */
    private static final int TURNS_MAX = 2 * TURNS;

    private final PrecomputeClient client;
    private final PrintStream out;
    private final int jobs;
    private final int rounds;
    private final int warmUpRounds;
    private final int valuesPerLabel;

    /**
     * @param rounds questions without and with the jobs, in each turn
     * @param warmUpRounds questions beside the jobs before the first turn that counts
     */
    ManyJobs(PrecomputeClient client, PrintStream out, int jobs, int rounds, int warmUpRounds, int valuesPerLabel) {
        this.client = client;
        this.out = out;
        this.jobs = jobs;
        this.rounds = rounds;
        this.warmUpRounds = warmUpRounds;
        this.valuesPerLabel = valuesPerLabel;
    }

    /**
     * In turns, without and with them: the machine's own noise lasts longer than a turn. Questions about which the hypervisor gave the processors to
     * others are not compared. The tail is that of all turns together: of one turn it is the time of a handful of queries. Before them
     * the jobs run until the virtual machine has compiled what they run through; the tail of those minutes is printed, too.
     */
    void run() throws IOException, InterruptedException {
        out.printf(
                Locale.ROOT,
                "%n`%s`, exact, %d times every 50 ms, without jobs and beside %d at %d s, in turns:%n%n",
                USER_QUERY,
                rounds,
                jobs,
                GRANULARITY_SECONDS);
        Turn warmUp = turn(warmUpRounds);
        out.printf(
                "to warm up: %s%nbeside, p99 of each %d: %s ms%n%n",
                warmUp.text(), rounds, tails(warmUp.beside().millis()));
        List<AskedQuestions> without = new ArrayList<>();
        List<AskedQuestions> beside = new ArrayList<>();
        for (int i = 0; i < TURNS_MAX && quietOf(without, beside) < TURNS * rounds; i++) {
            Turn turn = turn(rounds);
            out.println(turn.text());
            without.add(turn.without());
            beside.add(turn.beside());
        }
        out.printf(
                Locale.ROOT,
                "%nall questions of the %d turns: %s%nthe %d and %d about which the hypervisor took nothing: %s%n",
                without.size(),
                compared(AskedQuestions.all(without), AskedQuestions.all(beside)),
                AskedQuestions.quiet(without).count(),
                AskedQuestions.quiet(beside).count(),
                compared(AskedQuestions.quiet(without), AskedQuestions.quiet(beside)));
    }

    private static int quietOf(List<AskedQuestions> without, List<AskedQuestions> beside) {
        return Math.min(
                AskedQuestions.quiet(without).count(),
                AskedQuestions.quiet(beside).count());
    }

    /**
     * Times without and beside the jobs, and what their ticks did.
     *
     * @param stolen the larger share of the processors' time that the hypervisor took in one of the two
     */
    private record Turn(
            AskedQuestions without,
            AskedQuestions beside,
            Totals before,
            Totals after,
            long seconds,
            long due,
            double stolen) {
        String text() {
            return String.format(
                    Locale.ROOT,
                    "%s; ticks in %d s: %d of %d due, %d skipped, %d failed; stolen %.1f %%",
                    compared(Timings.of(without.millis()), Timings.of(beside.millis())),
                    seconds,
                    after.runs() - before.runs(),
                    due,
                    after.skipped() - before.skipped(),
                    after.failures() - before.failures(),
                    100 * stolen);
        }
    }

    private Turn turn(int roundsBeside) throws IOException, InterruptedException {
        StolenTime start = StolenTime.now();
        AskedQuestions without = user(rounds);
        double stolenWithout = StolenTime.now().shareSince(start);
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < jobs; i++) {
            ids.add(client.register(query(i), GRANULARITY_SECONDS + "s", "bench/many/" + i, null));
        }
        Thread.sleep(SETTLE_MILLIS);
        Totals before = totals();
        long begin = System.nanoTime();
        StolenTime startBeside = StolenTime.now();
        AskedQuestions beside = user(roundsBeside);
        double stolen = Math.max(stolenWithout, StolenTime.now().shareSince(startBeside));
        // whole granularities, so that the number of ticks that are due is known
        long took = (System.nanoTime() - begin) / 1_000_000_000;
        long periods = took / GRANULARITY_SECONDS + 1;
        long rest = periods * GRANULARITY_SECONDS * 1_000 - (System.nanoTime() - begin) / 1_000_000;
        Thread.sleep(Math.max(0, rest));
        Totals after = totals();
        for (String id : ids) {
            client.delete(id);
        }
        return new Turn(without, beside, before, after, periods * GRANULARITY_SECONDS, periods * jobs, stolen);
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

    private String tails(double[] millis) {
        StringJoiner tails = new StringJoiner(", ");
        for (int from = 0; from < millis.length; from += rounds) {
            double[] part = Arrays.copyOfRange(millis, from, Math.min(millis.length, from + rounds));
            tails.add(String.format(Locale.ROOT, "%.1f", Timings.of(part).quantile(0.99)));
        }
        return tails.toString();
    }

    private AskedQuestions user(int questions) throws IOException, InterruptedException {
        double[] millis = new double[questions];
        long[] stolenTicks = new long[questions];
        for (int i = -20; i < questions; i++) {
            double took = client.query(USER_QUERY, 0, false).millis();
            millis[Math.max(0, i)] = took;
            stolenTicks[Math.max(0, i)] = StolenTime.now().stolenTicks();
            // a person's dashboard, not a closed loop that takes whatever the machine has
            Thread.sleep(50);
        }
        return new AskedQuestions(millis, stolenTicks);
    }
}
