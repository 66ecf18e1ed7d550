package io.weir.precompute.source.net;

import com.google.common.net.InetAddresses;
import io.weir.precompute.source.AllowedHosts;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Resolves the name of a source once for each connection and gives the address to connect to: what was checked is what is connected to, whatever
 * the name's server answers the next time. Thread-safe.
 */
public final class PinnedAddresses implements AutoCloseable {
    private static final long THREAD_IDLE_SECONDS = 10;

    private final AllowedHosts allowed;
    private final Lookup lookup;
    private final ThreadPoolExecutor lookups;

    /** How a name becomes addresses; blocks as long as its server takes. */
    @FunctionalInterface
    public interface Lookup {
        InetAddress[] addresses(String host) throws UnknownHostException;
    }

    /** @param lookupsMax names that are resolved at a time; one more is refused */
    public PinnedAddresses(AllowedHosts allowed, int lookupsMax) {
        this(allowed, lookupsMax, InetAddress::getAllByName);
    }

    /** With another way to resolve names. */
    public PinnedAddresses(AllowedHosts allowed, int lookupsMax, Lookup lookup) {
        this.allowed = allowed;
        this.lookup = lookup;
        // A look-up cannot be interrupted: it gets a thread of its own, of which there are few.
        lookups = new ThreadPoolExecutor(
                0,
                lookupsMax,
                THREAD_IDLE_SECONDS,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                Thread.ofPlatform()
                        .name("weir-precompute-lookup-", 0)
                        .daemon(true)
                        .factory());
    }

    /**
     * The address to connect to.
     *
     * @throws SourceException if there is none in time, or it is not allowed
     */
    public InetSocketAddress pin(String host, int port, long deadlineNanos)
            throws SourceException, InterruptedException {
        if (!allowed.allows(host, port)) {
            throw new SourceException(
                    Cause.REFUSED,
                    host + ":" + port + " is not on the list of allowed hosts (--precompute-sources-allowed)");
        }
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        List<InetAddress> addresses = InetAddresses.isInetAddress(bare)
                ? List.of(InetAddresses.forString(bare))
                : resolve(host, deadlineNanos);
        for (InetAddress address : addresses) {
            if (AllowedHosts.isForbidden(address)) {
                throw new SourceException(
                        Cause.REFUSED,
                        host + " leads to " + address.getHostAddress()
                                + ", which is never allowed (link-local, metadata, unspecified, multicast)");
            }
        }
        return new InetSocketAddress(addresses.getFirst(), port);
    }

    private List<InetAddress> resolve(String host, long deadlineNanos) throws SourceException, InterruptedException {
        Future<InetAddress[]> answer;
        try {
            answer = lookups.submit(() -> lookup.addresses(host));
        } catch (RejectedExecutionException e) {
            throw new SourceException(
                    Cause.LIMIT,
                    "precompute-sources-lookups-max=" + lookups.getMaximumPoolSize() + " names are resolved already",
                    e);
        }
        try {
            InetAddress[] addresses = answer.get(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (addresses.length == 0) {
                throw new SourceException(Cause.UNREACHABLE, "the name " + host + " has no address");
            }
            return Arrays.asList(addresses);
        } catch (ExecutionException e) {
            throw new SourceException(Cause.UNREACHABLE, "the name " + host + " cannot be resolved", e);
        } catch (TimeoutException e) {
            throw new SourceException(Cause.TIMEOUT, "the name " + host + " was not resolved in time", e);
        } finally {
            answer.cancel(false);
        }
    }

    @Override
    public void close() {
        lookups.shutdownNow();
    }
}
