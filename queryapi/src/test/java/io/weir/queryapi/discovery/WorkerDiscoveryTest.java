package io.weir.queryapi.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

final class WorkerDiscoveryTest {
    private static WorkerDiscovery parse(String text) {
        return WorkerDiscovery.parse(text, DiscoverySettings.DEFAULT, new SimpleMeterRegistry());
    }

    private static Set<WorkerAddress> addressesOf(String text) {
        AtomicReference<Set<WorkerAddress>> told = new AtomicReference<>(Set.of());
        try (WorkerDiscovery discovery = parse(text)) {
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
                new Mistake("dns:name", "'name' is no worker address"),
                new Mistake("kubernetes:weir", "no Kubernetes service"),
                new Mistake("kubernetes:weir/:8082", "no Kubernetes service"),
                new Mistake("kubernetes:Weir/worker:8082", "no Kubernetes service"),
                new Mistake("kubernetes:weir/worker:0", "no Kubernetes service"),
                new Mistake("kubernetes:weir/worker:70000", "no Kubernetes service"),
                new Mistake("kubernetes:weir/worker:9control", "no Kubernetes service"),
                new Mistake("ecs:service:8082", "no ECS service"),
                new Mistake("ecs:cluster/:8082", "no ECS service"),
                new Mistake("ecs:cluster/service:control", "no ECS service"),
                new Mistake("ecs:cluster/service:0", "port 0 of ECS service"))) {
            assertThatThrownBy(() -> parse(mistake.text()))
                    .as(mistake.text())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(mistake.part());
        }
        assertThatThrownBy(() -> DiscoverySettings.DEFAULT.withRefreshMillis(0)).hasMessageContaining("interval");
    }

    @Test
    void whatIsWrittenIsUnderstood() {
        assertThat(KubernetesTarget.parse("weir/worker:8082"))
                .isEqualTo(new KubernetesTarget("weir", "worker", "8082"));
        assertThat(KubernetesTarget.parse("worker:control")).isEqualTo(new KubernetesTarget("", "worker", "control"));
        assertThat(EcsTarget.parse("prod/worker:8082")).isEqualTo(new EcsTarget("prod", "worker", 8082));
        assertThat(EcsTarget.parse("arn:aws:ecs:eu-central-1:1:cluster/prod/worker:1"))
                .isEqualTo(new EcsTarget("arn:aws:ecs:eu-central-1:1:cluster/prod", "worker", 1));
    }

    @Test
    void aNameIsResolvedAgainAndAFailureKeepsTheKnownSetAndIsToldOnce() {
        AtomicInteger calls = new AtomicInteger();
        List<Set<WorkerAddress>> told = new CopyOnWriteArrayList<>();
        DnsSource.Resolver resolver = name -> {
            assertThat(name).isEqualTo("workers");
            int call = calls.incrementAndGet();
            if (call >= 3 && call <= 5) {
                throw new UnknownHostException(name);
            }
            if (call == 6) {
                throw new IllegalStateException("resolver's defect");
            }
            return call < 3 ? Set.of("10.0.0.1", "10.0.0.2") : Set.of("10.0.0.2", "10.0.0.3");
        };
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        DiscoverySettings settings = new DiscoverySettings(10, 1_000, 1, 4, "", "");
        List<String> warnings;
        try (TestingLog log = new TestingLog(DiscoveryReport.class);
                PollingDiscovery discovery = new PollingDiscovery(
                        "dns",
                        new DnsSource("workers", 8082, resolver),
                        settings,
                        new DiscoveryReport("dns", "dns:workers:8082", registry, System::nanoTime),
                        new SplittableRandom(1))) {
            discovery.start(told::add);
            await().until(() -> calls.get() > 8);
            warnings = log.warnings();
        }
        assertThat(told)
                .containsExactly(
                        Set.of(new WorkerAddress("10.0.0.1", 8082), new WorkerAddress("10.0.0.2", 8082)),
                        Set.of(new WorkerAddress("10.0.0.2", 8082), new WorkerAddress("10.0.0.3", 8082)));
        assertThat(warnings).hasSize(2);
        assertThat(warnings.getFirst()).contains("does not resolve").contains("2 known addresses stay in use");
        assertThat(warnings.getLast()).contains("resolver's defect");
        assertThat(registry.get("weir_discovery_errors_total")
                        .tag("kind", "dns")
                        .counter()
                        .count())
                .isEqualTo(4);
        assertThat(registry.get("weir_discovery_addresses")
                        .tag("kind", "dns")
                        .gauge()
                        .value())
                .isEqualTo(2);
    }

    @Test
    void theAgeOfWhatIsKnownIsShown() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        AtomicLong nanos = new AtomicLong(5);
        DiscoveryReport report = new DiscoveryReport("dns", "dns:workers:8082", registry, nanos::get);
        Gauge age = registry.get("weir_discovery_last_success_seconds").gauge();
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(3));
        assertThat(age.value()).isEqualTo(3);
        report.failed("no answer");
        assertThat(age.value()).isEqualTo(3);
        report.found(Set.of(), addresses -> {});
        assertThat(age.value()).isZero();
    }

    @Test
    void localhostResolves() {
        AtomicReference<Set<WorkerAddress>> told = new AtomicReference<>(Set.of());
        try (WorkerDiscovery discovery = parse("dns:localhost:8082")) {
            discovery.start(told::set);
            await().until(() -> told.get().contains(new WorkerAddress("127.0.0.1", 8082)));
        }
    }
}
