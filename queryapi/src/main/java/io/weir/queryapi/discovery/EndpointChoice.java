package io.weir.queryapi.discovery;

import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which address of each ready pod is dialled. Pure but for its memory: a pod that has several addresses, as with dual-stack
 * services, keeps the one that was chosen first for as long as it has it, so that no worker is dialled twice.
 */
final class EndpointChoice {
    /** A number, or the name of a port of the service. */
    private final String port;

    private Map<String, WorkerAddress> chosen = Map.of();

    EndpointChoice(String port) {
        this.port = port;
    }

    /** The addresses to dial: one for each pod that is ready and not about to end. */
    Set<WorkerAddress> choose(Collection<EndpointSlice> slices) {
        // Sorted by pod, and within a pod IPv4 before IPv6: the same slices give the same choice in any order.
        TreeMap<String, TreeMap<String, WorkerAddress>> candidates = new TreeMap<>();
        for (EndpointSlice slice : slices) {
            for (Endpoint endpoint : Objects.requireNonNullElse(slice.getEndpoints(), List.<Endpoint>of())) {
                addCandidates(slice, endpoint, candidates);
            }
        }
        Map<String, WorkerAddress> next = new HashMap<>();
        candidates.forEach((pod, addresses) -> {
            WorkerAddress before = chosen.get(pod);
            next.put(
                    pod,
                    before != null && addresses.containsValue(before)
                            ? before
                            : addresses.firstEntry().getValue());
        });
        chosen = Map.copyOf(next);
        return new TreeSet<>(next.values());
    }

    private void addCandidates(
            EndpointSlice slice, Endpoint endpoint, TreeMap<String, TreeMap<String, WorkerAddress>> candidates) {
        List<String> addresses = Objects.requireNonNullElse(endpoint.getAddresses(), List.of());
        int number = portOf(slice);
        if (addresses.isEmpty() || number == 0 || !mayBeDialled(endpoint.getConditions())) {
            return;
        }
        // The API promises that the addresses of an endpoint are interchangeable.
        String address = addresses.getFirst();
        boolean hasPod =
                endpoint.getTargetRef() != null && endpoint.getTargetRef().getUid() != null;
        String pod = hasPod ? endpoint.getTargetRef().getUid() : slice.getAddressType() + " " + address;
        candidates
                .computeIfAbsent(pod, unknown -> new TreeMap<>())
                .putIfAbsent(slice.getAddressType() + " " + address, new WorkerAddress(address, number));
    }

    /** A pod that ends keeps the stream it has; a new one would be drained at once. Unknown readiness counts as ready. */
    private static boolean mayBeDialled(@Nullable EndpointConditions conditions) {
        return conditions == null
                || (!Boolean.FALSE.equals(conditions.getReady())
                        && !Boolean.FALSE.equals(conditions.getServing())
                        && !Boolean.TRUE.equals(conditions.getTerminating()));
    }

    /** 0 if the slice does not have the port, as while a service changes its ports. */
    private int portOf(EndpointSlice slice) {
        if (Character.isDigit(port.charAt(0))) {
            return Integer.parseInt(port);
        }
        for (EndpointPort candidate : Objects.requireNonNullElse(slice.getPorts(), List.<EndpointPort>of())) {
            if (port.equals(candidate.getName()) && candidate.getPort() != null) {
                return candidate.getPort();
            }
        }
        return 0;
    }
}
