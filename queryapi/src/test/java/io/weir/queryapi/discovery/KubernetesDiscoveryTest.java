package io.weir.queryapi.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.http.Dispatcher;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The informer against fabric8's server, which keeps objects and sends watch events as the real API does. */
final class KubernetesDiscoveryTest {
    private static final DiscoverySettings SETTINGS = new DiscoverySettings(500, 5_000, 20, 100, "", "");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final List<Set<WorkerAddress>> told = new CopyOnWriteArrayList<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger refusals = new AtomicInteger();
    private KubernetesMockServer server;
    private KubernetesClient operator;

    @BeforeEach
    void start() {
        KubernetesCrudDispatcher objects = new KubernetesCrudDispatcher();
        Dispatcher dispatcher = new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
                boolean ours = request.getPath().contains("labelSelector");
                if (ours) {
                    requests.add(request.getMethod() + " " + request.getPath());
                    if (refusals.get() > 0) {
                        refusals.decrementAndGet();
                        return new MockResponse().setResponseCode(403);
                    }
                }
                return objects.dispatch(request);
            }
        };
        server = new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), dispatcher, false);
        server.init();
        operator = server.createClient();
    }

    @AfterEach
    void stop() {
        operator.close();
        server.destroy();
    }

    private KubernetesDiscovery discover(String target) {
        KubernetesDiscovery discovery = new KubernetesDiscovery(
                KubernetesTarget.parse(target),
                server.createClient(builder -> builder.editOrNewConfig()
                        .withNamespace("weir")
                        .withWatchReconnectInterval(20)
                        .withRequestRetryBackoffLimit(0)
                        .endConfig()),
                SETTINGS,
                new DiscoveryReport("kubernetes", "kubernetes:" + target, registry, System::nanoTime));
        discovery.start(told::add);
        return discovery;
    }

    private static EndpointSlice slice(String name, String service, String family, String... pods) {
        EndpointSliceBuilder slice = new EndpointSliceBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("weir")
                .addToLabels("kubernetes.io/service-name", service)
                .endMetadata()
                .withAddressType(family);
        slice.addNewPort().withName("control").withPort(8082).endPort();
        for (String pod : pods) {
            String[] parts = pod.split(" ");
            boolean ending = parts.length > 2;
            slice.addNewEndpoint()
                    .withAddresses(parts[1])
                    .withNewConditions()
                    .withReady(!ending)
                    .withServing(true)
                    .withTerminating(ending)
                    .endConditions()
                    .withNewTargetRef()
                    .withUid(parts[0])
                    .endTargetRef()
                    .endEndpoint();
        }
        return slice.build();
    }

    private void apply(EndpointSlice slice) {
        // Not create alone: the client sends a request again whose answer is late on a loaded machine, and then the
        // slice is there.
        operator.resource(slice).createOr(NonDeletingOperation::update);
    }

    private void awaitTold(String... hosts) {
        // Long, for a machine that others load.
        Set<WorkerAddress> expected = new java.util.TreeSet<>();
        for (String host : hosts) {
            expected.add(new WorkerAddress(host, 8082));
        }
        await().atMost(30, TimeUnit.SECONDS)
                .until(() -> !told.isEmpty() && told.getLast().equals(expected));
    }

    private double errors() {
        return registry.get("weir_discovery_errors_total").counter().count();
    }

    @Test
    void slicesAreListedAndTheirChangesFollowed() {
        apply(slice("worker-a", "worker", "IPv4", "p1 10.0.0.1", "p2 10.0.0.2"));
        apply(slice("other-a", "other", "IPv4", "p9 10.0.0.9"));
        try (KubernetesDiscovery discovery = discover("weir/worker:control")) {
            awaitTold("10.0.0.1", "10.0.0.2");
            assertThat(told).as("no part of the first list is told").hasSize(1);
            apply(slice("worker-b", "worker", "IPv4", "p3 10.0.0.3"));
            awaitTold("10.0.0.1", "10.0.0.2", "10.0.0.3");
            apply(slice("worker-6", "worker", "IPv6", "p1 fd00::1", "p3 fd00::3", "p4 fd00::4"));
            awaitTold("10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::4");
            apply(slice("worker-a", "worker", "IPv4", "p1 10.0.0.1", "p2 10.0.0.2 ending"));
            awaitTold("10.0.0.1", "10.0.0.3", "fd00::4");
            operator.resource(slice("worker-b", "worker", "IPv4")).delete();
            awaitTold("10.0.0.1", "fd00::3", "fd00::4");
            operator.resource(slice("worker-a", "worker", "IPv4")).delete();
            operator.resource(slice("worker-6", "worker", "IPv6")).delete();
            awaitTold();
        }
        assertThat(requests)
                .allSatisfy(request -> assertThat(request)
                        .startsWith("GET /apis/discovery.k8s.io/v1/namespaces/weir/endpointslices?")
                        .contains("labelSelector=kubernetes.io%2Fservice-name%3Dworker"));
    }

    @Test
    void aServiceWithoutPodsIsToldAsNone() {
        try (KubernetesDiscovery discovery = discover("worker:8082")) {
            awaitTold();
            apply(slice("worker-a", "worker", "IPv4", "p1 10.0.0.1"));
            awaitTold("10.0.0.1");
        }
    }

    @Test
    void aRefusalKeepsTryingSaysWhatIsMissingOnceAndIsCounted() {
        refusals.set(4);
        apply(slice("worker-a", "worker", "IPv4", "p1 10.0.0.1"));
        try (TestingLog log = new TestingLog(DiscoveryReport.class);
                KubernetesDiscovery discovery = discover("weir/worker:control")) {
            awaitTold("10.0.0.1");
            assertThat(errors()).isGreaterThanOrEqualTo(2);
            assertThat(log.warnings().stream().filter(line -> line.contains("get, list and watch on endpointslices")))
                    .hasSizeBetween(1, 2);
        }
    }

    @Test
    void aServerThatGoesAwayKeepsTheKnownSetAndIsListedAgainWhenItIsBack() {
        apply(slice("worker-a", "worker", "IPv4", "p1 10.0.0.1"));
        try (KubernetesDiscovery discovery = discover("weir/worker:control")) {
            awaitTold("10.0.0.1");
            int port = server.getPort();
            server.destroy();
            await().until(() -> errors() >= 1);
            assertThat(told).hasSize(1);
            assertThat(registry.get("weir_discovery_addresses").gauge().value()).isEqualTo(1);
            AtomicInteger lists = new AtomicInteger();
            KubernetesCrudDispatcher objects = new KubernetesCrudDispatcher();
            Dispatcher forgetful = new Dispatcher() {
                @Override
                public MockResponse dispatch(RecordedRequest request) {
                    // A server that no more knows the version from which the watch is to go on.
                    boolean watch = request.getPath().contains("watch=true");
                    if (request.getPath().contains("labelSelector") && !watch) {
                        lists.incrementAndGet();
                    }
                    return watch && lists.get() == 0
                            ? new MockResponse().setResponseCode(410)
                            : objects.dispatch(request);
                }
            };
            KubernetesMockServer back =
                    new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), forgetful, false);
            back.init(InetAddress.getLoopbackAddress(), port);
            try (KubernetesClient other = back.createClient()) {
                other.resource(slice("worker-z", "worker", "IPv4", "p7 10.0.0.7"))
                        .create();
                awaitTold("10.0.0.7");
                other.resource(slice("worker-y", "worker", "IPv4", "p6 10.0.0.6"))
                        .create();
                awaitTold("10.0.0.6", "10.0.0.7");
            } finally {
                back.destroy();
            }
        }
    }

    @Test
    void withoutANamespaceItIsSaidWhatToWrite() {
        KubernetesClient client = server.createClient(
                builder -> builder.editOrNewConfig().withNamespace(null).endConfig());
        try (client) {
            if (client.getNamespace() == null) {
                DiscoveryReport report = new DiscoveryReport("kubernetes", "k", registry, System::nanoTime);
                assertThatThrownBy(() ->
                                new KubernetesDiscovery(KubernetesTarget.parse("worker:1"), client, SETTINGS, report))
                        .hasMessageContaining("write kubernetes:namespace/worker:1");
            }
        }
    }
}
