package io.weir.queryapi.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class EndpointChoiceTest {
    private record Pod(
            String uid,
            String address,
            @Nullable Boolean ready,
            @Nullable Boolean serving,
            @Nullable Boolean terminating) {
        Pod(String uid, String address) {
            this(uid, address, true, true, false);
        }
    }

    private static EndpointSlice slice(String family, Pod... pods) {
        EndpointSliceBuilder slice = new EndpointSliceBuilder().withAddressType(family);
        slice.addNewPort().withName("control").withPort(8082).endPort();
        slice.addNewPort().withName("http").withPort(8081).endPort();
        for (Pod pod : pods) {
            slice.addNewEndpoint()
                    .withAddresses(pod.address())
                    .withNewConditions()
                    .withReady(pod.ready())
                    .withServing(pod.serving())
                    .withTerminating(pod.terminating())
                    .endConditions()
                    .withNewTargetRef()
                    .withUid(pod.uid())
                    .endTargetRef()
                    .endEndpoint();
        }
        return slice.build();
    }

    private static WorkerAddress at(String host) {
        return new WorkerAddress(host, 8082);
    }

    @Test
    void onlyPodsThatAreReadyAndNotEndingAreDialled() {
        EndpointSlice slice = slice(
                "IPv4",
                new Pod("ready", "10.0.0.1"),
                new Pod("unknown", "10.0.0.2", null, null, null),
                new Pod("not-ready", "10.0.0.3", false, false, false),
                new Pod("ending-but-serving", "10.0.0.4", false, true, true),
                new Pod("ending-and-published", "10.0.0.5", true, true, true),
                new Pod("not-serving", "10.0.0.6", true, false, false));
        assertThat(new EndpointChoice("control").choose(List.of(slice)))
                .containsExactly(at("10.0.0.1"), at("10.0.0.2"));
        EndpointSlice bare = new EndpointSliceBuilder()
                .withAddressType("IPv4")
                .addNewEndpoint()
                .withAddresses("10.0.0.9")
                .endEndpoint()
                .addNewEndpoint()
                .endEndpoint()
                .build();
        assertThat(new EndpointChoice("8082").choose(List.of(bare))).containsExactly(at("10.0.0.9"));
    }

    @Test
    void thePortIsANumberOrTheNameThatTheSliceGivesIt() {
        EndpointSlice slice = slice("IPv4", new Pod("a", "10.0.0.1"));
        assertThat(new EndpointChoice("9000").choose(List.of(slice)))
                .containsExactly(new WorkerAddress("10.0.0.1", 9000));
        assertThat(new EndpointChoice("http").choose(List.of(slice)))
                .containsExactly(new WorkerAddress("10.0.0.1", 8081));
        assertThat(new EndpointChoice("absent").choose(List.of(slice))).isEmpty();
        assertThat(new EndpointChoice("control").choose(List.of(new EndpointSlice())))
                .isEmpty();
    }

    @Test
    void aPodWithTwoFamiliesIsDialledOnceAndKeepsItsAddress() {
        EndpointSlice four = slice("IPv4", new Pod("a", "10.0.0.1"), new Pod("b", "10.0.0.2"));
        EndpointSlice six = slice("IPv6", new Pod("a", "fd00::1"), new Pod("b", "fd00::2"));
        EndpointChoice choice = new EndpointChoice("control");
        assertThat(choice.choose(List.of(six))).containsExactly(at("fd00::1"), at("fd00::2"));
        assertThat(choice.choose(List.of(six, four)))
                .as("the slices of the other family come later")
                .containsExactly(at("fd00::1"), at("fd00::2"));
        assertThat(choice.choose(List.of(four)))
                .as("the chosen family is gone")
                .containsExactly(at("10.0.0.1"), at("10.0.0.2"));
        assertThat(new EndpointChoice("control").choose(List.of(six, four)))
                .as("both at once: IPv4")
                .containsExactly(at("10.0.0.1"), at("10.0.0.2"));
    }

    @Test
    void aPodThatIsInTwoSlicesOrHasNoReferenceIsOne() {
        EndpointSlice first = slice("IPv4", new Pod("a", "10.0.0.1"));
        EndpointSlice second = slice("IPv4", new Pod("a", "10.0.0.1"), new Pod("b", "10.0.0.2"));
        assertThat(new EndpointChoice("control").choose(List.of(first, second)))
                .containsExactly(at("10.0.0.1"), at("10.0.0.2"));
    }

    @Test
    void theOrderOfSlicesChangesNothing() {
        long seed = Long.getLong("weir.seed", 20_261_121L);
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        List<EndpointSlice> slices = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            slices.add(slice("IPv4", new Pod("p" + i % 7, "10.0.0." + i), new Pod("q" + i % 3, "10.0.1." + i)));
            slices.add(slice("IPv6", new Pod("p" + i % 7, "fd00::" + i)));
        }
        Set<WorkerAddress> expected = new EndpointChoice("control").choose(slices);
        assertThat(expected).hasSize(10);
        for (int i = 0; i < 50; i++) {
            Collections.shuffle(slices, random);
            assertThat(new EndpointChoice("control").choose(slices)).isEqualTo(expected);
        }
    }
}
