package io.weir.precompute.source.grpc;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.net.PinnedAddresses;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Connections to services of sketches, one an address, a bounded number. Thread-safe. */
final class SketchChannels implements AutoCloseable {
    private static final long IDLE_MINUTES = 5;

    private final SketchServiceSettings settings;
    private final PinnedAddresses addresses;
    private final Map<Target, ManagedChannel> channels = new LinkedHashMap<>(16, 0.75f, true);
    private boolean isClosed;

    record Target(String host, int port) {}

    SketchChannels(SketchServiceSettings settings, PinnedAddresses addresses) {
        this.settings = settings;
        this.addresses = addresses;
    }

    /** A connection, kept from before or new; a new one resolves the name anew. */
    ManagedChannel to(Target target, long deadlineNanos) throws SourceException, InterruptedException {
        synchronized (channels) {
            ManagedChannel kept = channels.get(target);
            if (kept != null) {
                return kept;
            }
        }
        InetSocketAddress address = addresses.pin(target.host, target.port, deadlineNanos);
        ManagedChannel made = NettyChannelBuilder.forAddress(address)
                .usePlaintext()
                .overrideAuthority(target.host + ":" + target.port)
                // A proxy of the environment would resolve the name again.
                .proxyDetector(any -> null)
                .maxInboundMessageSize(settings.messageBytesMax())
                .idleTimeout(IDLE_MINUTES, TimeUnit.MINUTES)
                .disableRetry()
                .build();
        List<ManagedChannel> surplus = new ArrayList<>();
        ManagedChannel chosen = keep(target, made, surplus);
        // Calls that still run on them end by themselves.
        surplus.forEach(ManagedChannel::shutdown);
        return chosen;
    }

    private ManagedChannel keep(Target target, ManagedChannel made, List<ManagedChannel> surplus) {
        synchronized (channels) {
            ManagedChannel other = channels.get(target);
            if (other != null || isClosed) {
                surplus.add(made);
                return other == null ? made : other;
            }
            channels.put(target, made);
            Iterator<ManagedChannel> oldest = channels.values().iterator();
            while (channels.size() > settings.channelsMax()) {
                surplus.add(oldest.next());
                oldest.remove();
            }
            return made;
        }
    }

    /** Closes a connection that failed: the next call resolves the name anew. */
    void drop(Target target) {
        @Nullable ManagedChannel dropped;
        synchronized (channels) {
            dropped = channels.remove(target);
        }
        if (dropped != null) {
            dropped.shutdown();
        }
    }

    int size() {
        synchronized (channels) {
            return channels.size();
        }
    }

    @Override
    public void close() {
        List<ManagedChannel> all;
        synchronized (channels) {
            isClosed = true;
            all = new ArrayList<>(channels.values());
            channels.clear();
        }
        all.forEach(ManagedChannel::shutdownNow);
    }
}
