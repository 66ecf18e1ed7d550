package io.weir.precompute.source.grpc;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.net.PinnedAddresses;
import java.net.InetAddress;
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
    private final Map<Target, Connection> channels = new LinkedHashMap<>(16, 0.75f, true);
    private boolean isClosed;

    record Target(String host, int port) {}

    /** @param address that the name led to */
    record Connection(ManagedChannel channel, InetAddress address) {}

    SketchChannels(SketchServiceSettings settings, PinnedAddresses addresses) {
        this.settings = settings;
        this.addresses = addresses;
    }

    /** A connection, kept from before or new; a new one resolves the name anew. */
    Connection to(Target target, long deadlineNanos) throws SourceException, InterruptedException {
        synchronized (channels) {
            Connection kept = channels.get(target);
            if (kept != null) {
                return kept;
            }
        }
        InetSocketAddress address = addresses.pin(target.host, target.port, deadlineNanos);
        ManagedChannel channel = NettyChannelBuilder.forAddress(address)
                .usePlaintext()
                .overrideAuthority(target.host + ":" + target.port)
                // A proxy of the environment would resolve the name again.
                .proxyDetector(any -> null)
                .maxInboundMessageSize(settings.messageBytesMax())
                .idleTimeout(IDLE_MINUTES, TimeUnit.MINUTES)
                .disableRetry()
                .build();
        List<Connection> surplus = new ArrayList<>();
        Connection chosen = keep(target, new Connection(channel, address.getAddress()), surplus);
        // Calls that still run on them end by themselves.
        surplus.forEach(it -> it.channel.shutdown());
        return chosen;
    }

    private Connection keep(Target target, Connection made, List<Connection> surplus) {
        synchronized (channels) {
            Connection other = channels.get(target);
            if (other != null || isClosed) {
                surplus.add(made);
                return other == null ? made : other;
            }
            channels.put(target, made);
            Iterator<Connection> oldest = channels.values().iterator();
            while (channels.size() > settings.channelsMax()) {
                surplus.add(oldest.next());
                oldest.remove();
            }
            return made;
        }
    }

    /** Closes a connection that failed: the next call resolves the name anew. */
    void drop(Target target) {
        @Nullable Connection dropped;
        synchronized (channels) {
            dropped = channels.remove(target);
        }
        if (dropped != null) {
            dropped.channel.shutdown();
        }
    }

    int size() {
        synchronized (channels) {
            return channels.size();
        }
    }

    @Override
    public void close() {
        List<Connection> all;
        synchronized (channels) {
            isClosed = true;
            all = new ArrayList<>(channels.values());
            channels.clear();
        }
        all.forEach(it -> it.channel.shutdownNow());
    }
}
