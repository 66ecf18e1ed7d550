package io.weir.ingest.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.ingest.error.IngestException;
import io.weir.ingest.remotewrite.Refusals;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** Counts what a process that takes samples has not taken: requests, samples of otherwise taken requests, exemplars. */
public final class RequestMetrics {
    private final Map<Refusals.Reason, Counter> rejectedSamples = new EnumMap<>(Refusals.Reason.class);
    private final Map<IngestException.Reason, Counter> rejectedRequests = new EnumMap<>(IngestException.Reason.class);
    private final Counter droppedExemplars;

    /** @param prefix what the names of the meters start with, as {@code weir.ingest} */
    public RequestMetrics(MeterRegistry registry, String prefix) {
        for (Refusals.Reason reason : Refusals.Reason.values()) {
            rejectedSamples.put(
                    reason,
                    Counter.builder(prefix + ".rejected.samples")
                            .description("Samples of otherwise stored requests that were refused")
                            .tag("reason", reason.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        for (IngestException.Reason reason : IngestException.Reason.values()) {
            rejectedRequests.put(
                    reason,
                    Counter.builder(prefix + ".rejected.requests")
                            .description("Requests of which nothing was acknowledged")
                            .tag("reason", reason.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        droppedExemplars = Counter.builder(prefix + ".dropped.exemplars")
                .description("Exemplars of requests that were stored without them")
                .register(registry);
    }

    /** Exemplars that came with samples and were left out. */
    public void droppedExemplars(int count) {
        droppedExemplars.increment(count);
    }

    /** Samples that were refused while the rest of their request was taken. */
    public void rejected(Refusals refusals) {
        refusals.counts().forEach((reason, count) -> {
            Counter counter = rejectedSamples.get(reason);
            if (counter != null) {
                counter.increment(count);
            }
        });
    }

    /** A request that was refused as a whole. */
    public void rejected(IngestException.Reason reason) {
        Counter counter = rejectedRequests.get(reason);
        if (counter != null) {
            counter.increment();
        }
    }
}
