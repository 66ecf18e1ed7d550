package io.weir.queryapi.discovery;

import java.util.Set;
import java.util.TreeSet;

/** A list of workers that never changes. */
public final class StaticDiscovery implements WorkerDiscovery {
    private final Set<WorkerAddress> addresses;

    public StaticDiscovery(Set<WorkerAddress> addresses) {
        this.addresses = Set.copyOf(addresses);
    }

    static StaticDiscovery parse(String list) {
        Set<WorkerAddress> parsed = new TreeSet<>();
        for (String part : list.split(",", -1)) {
            WorkerAddress address = WorkerAddress.parse(part.strip());
            if (!parsed.add(address)) {
                throw new IllegalArgumentException("worker " + address + " is listed twice");
            }
        }
        return new StaticDiscovery(parsed);
    }

    @Override
    public void start(Listener listener) {
        listener.addresses(addresses);
    }

    @Override
    public void close() {
        // Nothing runs.
    }
}
