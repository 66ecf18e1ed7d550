package io.weir.precompute.sources;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.precompute.source.SourceAddress;
import io.weir.precompute.source.TickSources;
import io.weir.precompute.source.grpc.SketchServiceSource;
import io.weir.precompute.source.net.PinnedAddresses;
import io.weir.precompute.source.otlp.OtlpReceiver;
import io.weir.precompute.source.otlp.ReceiverSettings;
import io.weir.precompute.source.prometheus.PrometheusSource;
import io.weir.precompute.source.pushed.PushedSketches;
import java.time.InstantSource;
import java.util.Optional;

/** What sources outside of Weir need while jobs run: the look-up of their names, and the ports that sketches are pushed to. */
public final class Sources implements AutoCloseable {
    private final PinnedAddresses addresses;
    private final Optional<OtlpReceiver> receiver;

    private Sources(PinnedAddresses addresses, Optional<OtlpReceiver> receiver) {
        this.addresses = addresses;
        this.receiver = receiver;
    }

    /**
     * Opens the receiver's ports, if it is enabled, and registers the sources.
     *
     * @param ticks closes the sources it is given
     */
    public static Sources start(
            SourcesSettings settings, ReceiverSettings receiverSettings, TickSources ticks, MeterRegistry registry) {
        InstantSource clock = InstantSource.system();
        Optional<PushedSketches> pushed = Optional.empty();
        Optional<OtlpReceiver> receiver = Optional.empty();
        if (receiverSettings.enabled()) {
            PushedSketches store = new PushedSketches(receiverSettings.pushed(), clock);
            pushed = Optional.of(store);
            receiver = Optional.of(OtlpReceiver.start(receiverSettings, store, registry));
        }
        PinnedAddresses addresses = new PinnedAddresses(settings.allowedHosts(), settings.lookupsMax());
        ticks.register(SourceAddress.Sketches.class, new SketchServiceSource(settings.service(), addresses, pushed));
        PrometheusSource prometheus = new PrometheusSource(settings.prometheus(), addresses, clock);
        ticks.register(SourceAddress.Prometheus.class, prometheus);
        Gauge.builder("weir.precompute.source.prometheus.retained", prometheus, PrometheusSource::retainedBytes)
                .description(
                        "Heap of the parts of windows over Prometheus sources that are kept between ticks, estimated")
                .baseUnit("bytes")
                .register(registry);
        return new Sources(addresses, receiver);
    }

    @Override
    public void close() {
        receiver.ifPresent(OtlpReceiver::close);
        addresses.close();
    }
}
