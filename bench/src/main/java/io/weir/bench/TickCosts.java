package io.weir.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * What ticks cost beside the exact queries that they replace: each query is asked exactly once in a period, as a dashboard asks it, so both are
 * met by the same machine at the same rate. Of the periods the second half counts, when the paths of both are compiled.
 */
final class TickCosts {
    static final long PERIOD_SECONDS = 10;

    private final PrecomputeClient client;
    /** By the ids of their jobs. */
    private final Map<String, String> queries;

    private final Map<String, List<Double>> ticks = new HashMap<>();
    private final Map<String, List<Double>> exact = new HashMap<>();

    /**
     * @param queries by the ids of their jobs, whose granularity is {@link #PERIOD_SECONDS}
     */
    TickCosts(PrecomputeClient client, Map<String, String> queries) {
        this.client = client;
        this.queries = new LinkedHashMap<>(queries);
    }

    /**
     * Medians of the second half of the periods.
     *
     * @param exactMillis from the client over HTTP
     */
    record Cost(double tickMillis, double exactMillis) {
        /** From so many exact queries in one period on, the job costs less than they do. */
        double breakEvenQueries() {
            return tickMillis / exactMillis;
        }
    }

    /** By the ids of the jobs. Takes as many periods. */
    Map<String, Cost> measure(int periods) throws IOException, InterruptedException {
        Map<String, String> lastRuns = new HashMap<>();
        Random moments = new Random(1);
        long begin = System.nanoTime();
        int asked = 0;
        for (int period = 0; period < periods; period++) {
            for (Map.Entry<String, String> query : queries.entrySet()) {
                // not at the same moment of each period: it might always be that of another job's tick
                long at = (long) ((asked + moments.nextDouble()) * PERIOD_SECONDS * 1_000 / queries.size());
                Thread.sleep(Math.max(0, at - (System.nanoTime() - begin) / 1_000_000));
                asked++;
                double millis = client.query(query.getValue(), 0, false).millis();
                exact.computeIfAbsent(query.getKey(), id -> new ArrayList<>()).add(millis);
            }
            for (PrecomputeClient.Job job : client.jobs()) {
                if (queries.containsKey(job.id())
                        && job.hasSucceeded()
                        && !job.lastRun().equals(lastRuns.put(job.id(), job.lastRun()))) {
                    ticks.computeIfAbsent(job.id(), id -> new ArrayList<>()).add(job.durationMillis());
                }
            }
        }
        Map<String, Cost> costs = new LinkedHashMap<>();
        for (String id : queries.keySet()) {
            costs.put(id, new Cost(medianOfSecondHalf(ticks, id), medianOfSecondHalf(exact, id)));
        }
        return costs;
    }

    private static double medianOfSecondHalf(Map<String, List<Double>> all, String id) {
        List<Double> millis = all.getOrDefault(id, List.of());
        return Timings.of(millis.subList(millis.size() / 2, millis.size()).stream()
                        .mapToDouble(value -> value)
                        .toArray())
                .median();
    }
}
