package io.weir.queryapi.workmanager;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.weir.workcoord.link.LinkProblem;
import java.util.EnumMap;
import java.util.Map;

/** What is measured about the coming and going of control streams. */
final class LinkMetrics {
    final Timer reconnect;
    final Counter versionMismatches;
    private final Map<LinkProblem, Counter> disconnects = new EnumMap<>(LinkProblem.class);

    LinkMetrics(MeterRegistry registry) {
        reconnect = Timer.builder("weir_control_reconnect")
                .description("From the loss of a worker's stream to the next one")
                .publishPercentileHistogram()
                .register(registry);
        versionMismatches = Counter.builder("weir_control_version_mismatch_total")
                .description("Control streams refused because the other side speaks another version of the protocol")
                .register(registry);
        for (LinkProblem problem : LinkProblem.values()) {
            disconnects.put(
                    problem,
                    Counter.builder("weir_control_disconnects_total")
                            .description("Control streams that ended, by reason")
                            .tag("reason", problem.label())
                            .register(registry));
        }
    }

    void disconnected(LinkProblem problem) {
        Counter counter = disconnects.get(problem);
        if (counter != null) {
            counter.increment();
        }
    }
}
