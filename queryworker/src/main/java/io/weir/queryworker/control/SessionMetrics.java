package io.weir.queryworker.control;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Map;

/** What is measured about the coming and going of APIs. */
final class SessionMetrics {
    final Counter versionMismatches;
    private final Map<ApiStream.Ending, Counter> disconnects = new EnumMap<>(ApiStream.Ending.class);

    SessionMetrics(MeterRegistry registry) {
        versionMismatches = Counter.builder("weir_control_version_mismatch_total")
                .description("Control streams refused because the other side speaks another version of the protocol")
                .register(registry);
        for (ApiStream.Ending ending : ApiStream.Ending.values()) {
            disconnects.put(
                    ending,
                    Counter.builder("weir_worker_control_disconnects_total")
                            .description("API sessions that ended, by reason")
                            .tag("reason", ending.label)
                            .register(registry));
        }
    }

    void disconnected(ApiStream.Ending ending) {
        Counter counter = disconnects.get(ending);
        if (counter != null) {
            counter.increment();
        }
    }
}
