package io.weir.queryapi.discovery;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All addresses behind a name, resolved again at an interval. While the name does not resolve, the last known set stands:
 * a failing name server must not take a working cluster down.
 */
public final class DnsDiscovery implements WorkerDiscovery {
    private static final Logger LOG = LoggerFactory.getLogger(DnsDiscovery.class);

    /** Resolves a name to addresses. */
    interface Resolver {
        Set<String> resolve(String name) throws UnknownHostException;
    }

    static final Resolver SYSTEM_RESOLVER = name -> {
        Set<String> addresses = new TreeSet<>();
        for (InetAddress address : InetAddress.getAllByName(name)) {
            addresses.add(address.getHostAddress());
        }
        return addresses;
    };

    private final String name;
    private final int port;
    private final long refreshMillis;
    private final Resolver resolver;
    private final ScheduledExecutorService timer;
    private Set<WorkerAddress> known = Set.of();
    private boolean failing;

    DnsDiscovery(String name, int port, long refreshMillis, Resolver resolver) {
        if (refreshMillis < 10 || refreshMillis > 3_600_000) {
            throw new IllegalArgumentException(
                    "the interval of DNS discovery is " + refreshMillis + " ms; set it to a value from 10 to 3600000");
        }
        this.name = name;
        this.port = port;
        this.refreshMillis = refreshMillis;
        this.resolver = resolver;
        this.timer = Executors.newSingleThreadScheduledExecutor(task ->
                Thread.ofPlatform().name("weir-dns-discovery").daemon(true).unstarted(task));
    }

    @Override
    public void start(Listener listener) {
        timer.scheduleWithFixedDelay(() -> refresh(listener), 0, refreshMillis, TimeUnit.MILLISECONDS);
    }

    private void refresh(Listener listener) {
        try {
            Set<WorkerAddress> found = new TreeSet<>();
            for (String address : resolver.resolve(name)) {
                found.add(new WorkerAddress(address, port));
            }
            if (failing) {
                LOG.info("workers' name {} resolves again", name);
                failing = false;
            }
            if (!found.equals(known)) {
                LOG.info("workers' name {} resolves to {}", name, found);
                known = found;
                listener.addresses(found);
            }
        } catch (UnknownHostException unresolved) {
            if (!failing) {
                LOG.warn("workers' name {} does not resolve; {} known addresses stay in use", name, known.size());
                failing = true;
            }
        } catch (RuntimeException failure) {
            LOG.error("discovery of workers by name {} failed; it is tried again", name, failure);
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
