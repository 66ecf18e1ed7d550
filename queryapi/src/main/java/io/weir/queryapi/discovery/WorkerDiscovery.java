package io.weir.queryapi.discovery;

import java.util.Set;

/** Finds the workers' addresses and says so whenever they change. */
public interface WorkerDiscovery extends AutoCloseable {
    /** Told the whole current set; from one thread at a time. */
    interface Listener {
        void addresses(Set<WorkerAddress> addresses);
    }

    /** Begins; the first set is told at once if it is known. To be called once. */
    void start(Listener listener);

    @Override
    void close();

    /**
     * Parses {@code static:host:port,host:port,...} or {@code dns:name:port}.
     *
     * @param refreshMillis how often a name is resolved again
     * @throws IllegalArgumentException saying what is wrong and how to write it
     */
    static WorkerDiscovery parse(String text, long refreshMillis) {
        if (text.startsWith("static:")) {
            return StaticDiscovery.parse(text.substring("static:".length()));
        }
        if (text.startsWith("dns:")) {
            WorkerAddress name = WorkerAddress.parse(text.substring("dns:".length()));
            return new DnsDiscovery(name.host(), name.port(), refreshMillis, DnsDiscovery.SYSTEM_RESOLVER);
        }
        throw new IllegalArgumentException(
                "'" + text + "' does not say where the workers are; write static:host:port,host:port or dns:name:port");
    }
}
