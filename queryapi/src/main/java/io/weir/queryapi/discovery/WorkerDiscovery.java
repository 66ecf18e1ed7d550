package io.weir.queryapi.discovery;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.Set;
import java.util.SplittableRandom;

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
     * Parses {@code static:host:port,host:port,...}, {@code dns:name:port}, {@code kubernetes:namespace/service:port} or
     * {@code ecs:cluster/service:port}.
     *
     * @throws IllegalArgumentException saying what is wrong and how to write it
     */
    static WorkerDiscovery parse(String text, DiscoverySettings settings, MeterRegistry registry) {
        String[] parts = text.split(":", 2);
        String place = parts.length == 2 ? parts[1] : "";
        return switch (parts[0]) {
            case "static" -> StaticDiscovery.parse(place, registry);
            case "dns" -> {
                WorkerAddress name = WorkerAddress.parse(place);
                yield polling(
                        "dns",
                        text,
                        new DnsSource(name.host(), name.port(), DnsSource.SYSTEM_RESOLVER),
                        settings,
                        registry);
            }
            case "kubernetes" ->
                new KubernetesDiscovery(
                        KubernetesTarget.parse(place),
                        KubernetesDiscovery.connect(settings),
                        settings,
                        new DiscoveryReport("kubernetes", text, registry, System::nanoTime));
            case "ecs" ->
                polling(
                        "ecs",
                        text,
                        new EcsSource(EcsTarget.parse(place), EcsSource.connect(settings, null)),
                        settings,
                        registry);
            default ->
                throw new IllegalArgumentException("'" + text + "' does not say where the workers are; write"
                        + " static:host:port,host:port or dns:name:port or kubernetes:namespace/service:port or"
                        + " ecs:cluster/service:port");
        };
    }

    private static WorkerDiscovery polling(
            String kind,
            String text,
            PollingDiscovery.Source source,
            DiscoverySettings settings,
            MeterRegistry registry) {
        DiscoveryReport report = new DiscoveryReport(kind, text, registry, System::nanoTime);
        return new PollingDiscovery(kind, source, settings, report, new SplittableRandom());
    }
}
