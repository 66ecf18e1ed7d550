package io.weir.queryapi.discovery;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A list of workers that never changes. */
public final class StaticDiscovery implements WorkerDiscovery {
    private final Set<WorkerAddress> addresses;
    private final @Nullable DiscoveryReport report;

    public StaticDiscovery(Set<WorkerAddress> addresses) {
        this(addresses, null);
    }

    private StaticDiscovery(Set<WorkerAddress> addresses, @Nullable DiscoveryReport report) {
        this.addresses = Set.copyOf(addresses);
        this.report = report;
    }

    static StaticDiscovery parse(String list, MeterRegistry registry) {
        Set<WorkerAddress> parsed = new TreeSet<>();
        for (String part : list.split(",", -1)) {
            WorkerAddress address = WorkerAddress.parse(part.strip());
            if (!parsed.add(address)) {
                throw new IllegalArgumentException("worker " + address + " is listed twice");
            }
        }
        // A list that never changes is never old.
        return new StaticDiscovery(parsed, new DiscoveryReport("static", "static:" + list, registry, () -> 0));
    }

    @Override
    public void start(Listener listener) {
        if (report == null) {
            listener.addresses(addresses);
        } else {
            report.found(addresses, listener);
        }
    }

    @Override
    public void close() {
        // Nothing runs.
    }
}
