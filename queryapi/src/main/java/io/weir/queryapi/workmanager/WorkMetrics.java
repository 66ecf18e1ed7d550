package io.weir.queryapi.workmanager;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What is measured about control streams and scheduling. */
final class WorkMetrics {
    final Timer heartbeatRtt;
    final Timer assignment;
    private final Map<CoordinatorEffect.Counter, Counter> counters = new EnumMap<>(CoordinatorEffect.Counter.class);

    WorkMetrics(MeterRegistry registry, GrpcWorkManager owner) {
        heartbeatRtt = Timer.builder("weir_control_heartbeat_rtt")
                .description("Round trip of a heartbeat to a worker and back")
                .publishPercentileHistogram()
                .register(registry);
        assignment = Timer.builder("weir_work_assignment")
                .description("From a query's submission to the first assignment of a piece of its work")
                .publishPercentileHistogram()
                .register(registry);
        for (CoordinatorEffect.Counter counter : CoordinatorEffect.Counter.values()) {
            counters.put(
                    counter,
                    switch (counter) {
                        case ACCEPTED -> counter(registry, "weir_work_accepted_total", "Work that workers accepted");
                        case REJECTED -> counter(registry, "weir_work_rejected_total", "Work that workers rejected");
                        case REASSIGNED ->
                            counter(
                                    registry,
                                    "weir_work_reassigned_total",
                                    "Work that went back to the queue from a worker");
                        case DUPLICATE_DROPPED ->
                            counter(
                                    registry,
                                    "weir_work_duplicates_dropped_total",
                                    "Completions of work already completed");
                        case STALE_DROPPED ->
                            counter(
                                    registry,
                                    "weir_work_stale_dropped_total",
                                    "Messages about work or sessions that are gone");
                        case AFFINITY_HIT ->
                            counter(
                                    registry,
                                    "weir_work_affinity_hits_total",
                                    "Work that went to its best ranked worker");
                        case AFFINITY_MISS ->
                            counter(registry, "weir_work_affinity_misses_total", "Work that went to another worker");
                        case CHECKSUM_MISMATCH ->
                            counter(
                                    registry,
                                    "weir_work_checksum_retries_total",
                                    "Work run again for a wrong checksum");
                        case HEDGED ->
                            counter(registry, "weir_work_hedged_total", "Second attempts at work that took long");
                        case HEDGE_WON ->
                            counter(
                                    registry,
                                    "weir_work_hedges_won_total",
                                    "Second attempts whose artifact came first");
                    });
        }
        gauge(
                registry,
                "weir_control_streams_active",
                "Workers with a live stream",
                owner,
                manager -> manager.load().workers());
        gauge(
                registry,
                "weir_api_queue_depth",
                "Work that waits for a worker with room",
                owner,
                manager -> manager.load().queued());
        gauge(
                registry,
                "weir_api_queue_oldest_seconds",
                "Age of the oldest waiting work",
                owner,
                manager -> manager.load().oldestQueuedMillis() / 1_000.0);
        gauge(
                registry,
                "weir_api_work_in_flight",
                "Work on workers, not finished there",
                owner,
                manager -> manager.load().inFlight());
        gauge(
                registry,
                "weir_api_work_capacity",
                "Credits of the workers that accept work",
                owner,
                manager -> manager.load().capacity());
        gauge(
                registry,
                "weir_api_workers_accepting",
                "Workers that accept work",
                owner,
                manager -> manager.load().accepting());
        gauge(
                registry,
                "weir_api_workers_desired",
                "Workers that the load of the last while asks for",
                owner,
                manager -> manager.load().desiredWorkers());
        gauge(
                registry,
                "weir_work_affinity_hit_ratio",
                "Share of assignments to the best ranked worker since the start, NaN before the first",
                owner,
                manager -> affinityHitRatio());
    }

    private static Counter counter(MeterRegistry registry, String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    private static void gauge(
            MeterRegistry registry,
            String name,
            String description,
            GrpcWorkManager owner,
            ToDoubleFunction<GrpcWorkManager> value) {
        Gauge.builder(name, owner, value).description(description).register(registry);
    }

    void count(CoordinatorEffect.Counter counter) {
        Counter known = counters.get(counter);
        if (known != null) {
            known.increment();
        }
    }

    /** NaN before the first assignment. */
    double affinityHitRatio() {
        double hits = value(CoordinatorEffect.Counter.AFFINITY_HIT);
        return hits / (hits + value(CoordinatorEffect.Counter.AFFINITY_MISS));
    }

    private double value(CoordinatorEffect.Counter counter) {
        Counter known = counters.get(counter);
        return known == null ? 0 : known.count();
    }
}
