package io.weir.queryapi.discovery;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Set;
import java.util.TreeSet;

/**
 * All addresses behind a name. While the name does not resolve, the last known set stands: a failing name server must not take
 * a working cluster down.
 */
record DnsSource(String name, int port, Resolver resolver) implements PollingDiscovery.Source {
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

    @Override
    public Set<WorkerAddress> find() throws DiscoveryException {
        try {
            Set<WorkerAddress> found = new TreeSet<>();
            for (String address : resolver.resolve(name)) {
                found.add(new WorkerAddress(address, port));
            }
            return found;
        } catch (UnknownHostException unresolved) {
            throw new DiscoveryException("the name does not resolve", unresolved);
        } catch (RuntimeException failure) {
            throw new DiscoveryException("the name cannot be looked up: " + failure, failure);
        }
    }

    @Override
    public void close() {
        // Nothing is open.
    }
}
