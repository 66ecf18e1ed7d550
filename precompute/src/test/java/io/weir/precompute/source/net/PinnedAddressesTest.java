package io.weir.precompute.source.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.precompute.source.AllowedHosts;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PinnedAddressesTest {
    private static final AllowedHosts ALL = AllowedHosts.parse("*");

    private static long deadline(long millis) {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private static void assertFails(PinnedAddresses addresses, String host, Cause cause) {
        assertThatThrownBy(() -> addresses.pin(host, 80, deadline(200)))
                .isInstanceOfSatisfying(
                        SourceException.class, e -> assertThat(e.why()).isEqualTo(cause));
    }

    @Test
    void aNameThatLeadsToALinkLocalAddressIsRefused() throws Exception {
        InetAddress good = InetAddress.getByName("10.0.0.1");
        InetAddress metadata = InetAddress.getByName("169.254.169.254");
        try (PinnedAddresses addresses = new PinnedAddresses(ALL, 2, host -> new InetAddress[] {good, metadata})) {
            assertFails(addresses, "rebinding.example", Cause.REFUSED);
        }
    }

    @Test
    void aNameIsResolvedOnceForAConnection() throws Exception {
        int[] lookups = {0};
        InetAddress good = InetAddress.getByName("10.0.0.1");
        try (PinnedAddresses addresses = new PinnedAddresses(ALL, 2, host -> {
            lookups[0]++;
            return new InetAddress[] {good};
        })) {
            assertThat(addresses.pin("peer", 80, deadline(1_000)).getAddress()).isEqualTo(good);
            assertThat(lookups[0]).isEqualTo(1);
            assertThat(addresses.pin("10.9.9.9", 80, deadline(1_000)).isUnresolved())
                    .isFalse();
            assertThat(lookups[0]).isEqualTo(1);
        }
    }

    @Test
    void aNameThatIsUnknownIsUnreachable() {
        try (PinnedAddresses addresses = new PinnedAddresses(ALL, 2, host -> {
            throw new UnknownHostException(host);
        })) {
            assertFails(addresses, "nowhere", Cause.UNREACHABLE);
        }
    }

    @Test
    void aNameThatIsNotOnTheListIsNotResolved() {
        try (PinnedAddresses addresses = new PinnedAddresses(AllowedHosts.parse("other"), 2, host -> {
            throw new AssertionError("resolved");
        })) {
            assertFails(addresses, "peer", Cause.REFUSED);
        }
    }

    @Test
    void aSilentNameServerCostsTheDeadlineAndAFewThreadsOnly() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        try (PinnedAddresses addresses = new PinnedAddresses(ALL, 2, host -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw new UnknownHostException(host);
        })) {
            assertFails(addresses, "first", Cause.TIMEOUT);
            assertFails(addresses, "second", Cause.TIMEOUT);
            assertFails(addresses, "third", Cause.LIMIT);
        } finally {
            end.countDown();
        }
    }
}
