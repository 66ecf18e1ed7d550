package io.weir.eventstats.stats;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The measurements of statistics that {@code /metrics} shows, all there from the start. Thread-safe. */
public final class StatsMetrics {
    private static final List<Integer> STATUSES = List.of(200, 400, 401, 403, 404, 405, 413, 415, 500, 503, 504);
    private static final List<String> REFUSALS = List.of("waiting", "acquire", "down");

    private final MeterRegistry registry;
    private final Map<String, Timer> queries = new HashMap<>();
    private final Map<String, Counter> refused = new HashMap<>();
    private final Timer poolWait;
    private final Counter hits;
    private final Counter misses;

    public StatsMetrics(MeterRegistry registry, Collection<String> routes) {
        this.registry = registry;
        for (String route : routes) {
            STATUSES.forEach(status -> requests(route, status));
        }
        for (String reason : REFUSALS) {
            refused.put(
                    reason,
                    Counter.builder("weir.stats.refused")
                            .description("Reads of statistics that got no connection to the database")
                            .tag("reason", reason)
                            .register(registry));
        }
        poolWait = Timer.builder("weir.stats.pool.wait")
                .description("Wait of statistics for a connection to the database")
                .publishPercentileHistogram()
                .register(registry);
        hits = Counter.builder("weir.stats.cache.hits")
                .description("Named statistics answered with a result that was kept")
                .register(registry);
        misses = Counter.builder("weir.stats.cache.misses")
                .description("Named statistics that may be kept and had to be computed")
                .register(registry);
    }

    private Counter requests(String route, int status) {
        return Counter.builder("weir.stats.requests")
                .description("Requests to statistics, by route and status")
                .tag("route", route)
                .tag("status", Integer.toString(status))
                .register(registry);
    }

    /** A request was answered. */
    public void answered(String route, int status) {
        requests(route, status).increment();
    }

    /** Makes a query's timer known. */
    public void query(String name) {
        queries.put(
                name,
                Timer.builder("weir.stats.query")
                        .description("Time of a named query in the database, its wait for a connection included")
                        .tag("query", name)
                        .publishPercentileHistogram()
                        .register(registry));
    }

    /** A named query ran. */
    public void ran(String query, long nanos) {
        Timer timer = queries.get(query);
        if (timer != null) {
            timer.record(nanos, TimeUnit.NANOSECONDS);
        }
    }

    public void waited(long time, TimeUnit unit) {
        poolWait.record(time, unit);
    }

    /** @param reason waiting, acquire or down */
    public void refused(String reason) {
        Counter counter = refused.get(reason);
        if (counter != null) {
            counter.increment();
        }
    }

    public void hit() {
        hits.increment();
    }

    public void missed() {
        misses.increment();
    }

    /** @param state active or idle */
    public void connections(String state, Supplier<Number> count) {
        Gauge.builder("weir.stats.connections", count)
                .description("Connections of statistics to the database")
                .tag("state", state)
                .register(registry);
    }

    public void waiting(Supplier<Number> count) {
        Gauge.builder("weir.stats.waiting", count)
                .description("Requests to statistics that wait for a connection to the database")
                .register(registry);
    }

    public void cacheBytes(Supplier<Number> bytes) {
        Gauge.builder("weir.stats.cache.bytes", bytes)
                .description("Bytes of named statistics' results that are kept")
                .register(registry);
    }
}
