package io.weir.queryapi.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.net.UnknownHostException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

final class WorkerDiscoveryTest {
    private static Set<WorkerAddress> addressesOf(String text) {
        AtomicReference<Set<WorkerAddress>> told = new AtomicReference<>(Set.of());
        try (WorkerDiscovery discovery = WorkerDiscovery.parse(text, 1_000)) {
            discovery.start(told::set);
        }
        return told.get();
    }

    @Test
    void aStaticListIsToldAtOnce() {
        assertThat(addressesOf("static:a:1, b:2,[::1]:3"))
                .containsExactlyInAnyOrder(
                        new WorkerAddress("a", 1), new WorkerAddress("b", 2), new WorkerAddress("::1", 3));
        assertThat(new WorkerAddress("::1", 3)).hasToString("[::1]:3");
    }

    @Test
    void mistakesAreNamed() {
        record Mistake(String text, String part) {}
        for (Mistake mistake : List.of(
                new Mistake("a:1", "write static:host:port"),
                new Mistake("static:", "write host:port"),
                new Mistake("static:a", "'a' is no worker address"),
                new Mistake("static:a:x", "'x' in 'a:x' is no port number"),
                new Mistake("static:a:0", "port 0 of worker a"),
                new Mistake("static:a:70000", "not from 1 to 65535"),
                new Mistake("static:a:1,a:1", "listed twice"),
                new Mistake("static:a:1,", "'' is no worker address"),
                new Mistake("static:::1:5", "IPv6"),
                new Mistake("dns:name", "'name' is no worker address"))) {
            assertThatThrownBy(() -> WorkerDiscovery.parse(mistake.text(), 1_000))
                    .as(mistake.text())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(mistake.part());
        }
        assertThatThrownBy(() -> WorkerDiscovery.parse("dns:name:1", 0)).hasMessageContaining("interval");
    }

    @Test
    void aNameIsResolvedAgainAndAFailureKeepsTheKnownSet() {
        AtomicInteger calls = new AtomicInteger();
        List<Set<WorkerAddress>> told = new CopyOnWriteArrayList<>();
        DnsDiscovery.Resolver resolver = name -> {
            assertThat(name).isEqualTo("workers");
            int call = calls.incrementAndGet();
            if (call == 3) {
                throw new UnknownHostException(name);
            }
            return call <= 3 ? Set.of("10.0.0.1", "10.0.0.2") : Set.of("10.0.0.2", "10.0.0.3");
        };
        try (DnsDiscovery discovery = new DnsDiscovery("workers", 8082, 10, resolver)) {
            discovery.start(told::add);
            await().until(() -> calls.get() > 5);
        }
        assertThat(told)
                .containsExactly(
                        Set.of(new WorkerAddress("10.0.0.1", 8082), new WorkerAddress("10.0.0.2", 8082)),
                        Set.of(new WorkerAddress("10.0.0.2", 8082), new WorkerAddress("10.0.0.3", 8082)));
    }

    @Test
    void localhostResolves() {
        AtomicReference<Set<WorkerAddress>> told = new AtomicReference<>(Set.of());
        try (WorkerDiscovery discovery = WorkerDiscovery.parse("dns:localhost:8082", 1_000)) {
            discovery.start(told::set);
            await().until(() -> told.get().contains(new WorkerAddress("127.0.0.1", 8082)));
        }
    }
}
