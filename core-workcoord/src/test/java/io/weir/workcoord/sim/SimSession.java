package io.weir.workcoord.sim;

import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import java.util.ArrayList;
import java.util.List;

/**
 * One stream between an API and a worker: each direction is in order and reliable, until it stalls, breaks for both sides or
 * breaks for one side only. What was under way when it broke may arrive late, as a message of the old session.
 */
final class SimSession {
    /** One direction of the stream. */
    private final class Lane<M> {
        private final java.util.function.Consumer<M> receiver;
        private final List<M> underWay = new ArrayList<>();
        private long lastArrivalMillis;

        Lane(java.util.function.Consumer<M> receiver) {
            this.receiver = receiver;
        }

        void send(M message) {
            if (broken || blackHole) {
                return;
            }
            long arrival = Math.max(lastArrivalMillis, world.clock.nowMillis() + world.latency());
            if (world.happens(world.faults.stallPerMille())) {
                arrival += world.random.nextInt(4_000);
            }
            lastArrivalMillis = arrival;
            underWay.add(message);
            world.clock.at(arrival, () -> {
                // Not there any more: the stream broke first.
                if (underWay.remove(message)) {
                    receiver.accept(message);
                }
            });
        }

        /** The stream broke: what is under way is lost or arrives late. */
        void cut() {
            for (M message : underWay) {
                boolean handshake = message instanceof AgentEvent.SessionOpened
                        || message instanceof CoordinatorEvent.SessionOpened;
                if (!handshake && world.happens(world.faults.latePerMille())) {
                    world.clock.after(world.random.nextInt(6_000), () -> receiver.accept(message));
                }
            }
            underWay.clear();
        }
    }

    final SimWorld world;
    final SimApi api;
    final SimWorker worker;
    final long id;
    final int apiEpoch;
    final int workerEpoch;
    private final Lane<AgentEvent> toWorker;
    private final Lane<CoordinatorEvent> toApi;
    boolean broken;
    /** Both directions swallow everything and nobody is told. */
    boolean blackHole;

    SimSession(SimWorld world, SimApi api, SimWorker worker, long id) {
        this.world = world;
        this.api = api;
        this.worker = worker;
        this.id = id;
        this.apiEpoch = api.epoch;
        this.workerEpoch = worker.epoch;
        this.toWorker = new Lane<>(event -> worker.receive(workerEpoch, event));
        this.toApi = new Lane<>(event -> api.receive(apiEpoch, event));
    }

    void toWorker(AgentEvent event) {
        toWorker.send(event);
        mayFail();
    }

    void toApi(CoordinatorEvent event) {
        toApi.send(event);
        mayFail();
    }

    private void mayFail() {
        if (!broken && world.faulty()) {
            if (world.happens(world.faults.breakPerMille())) {
                breakFor(true, true, "network");
            } else if (world.happens(world.faults.halfOpenPerMille())) {
                switch (world.random.nextInt(3)) {
                    case 0 -> breakFor(true, false, "half-open");
                    case 1 -> breakFor(false, true, "half-open");
                    default -> blackHole = true;
                }
            }
        }
    }

    /** Ends the stream; the named sides learn of it after a moment. */
    void breakFor(boolean apiLearns, boolean workerLearns, String reason) {
        if (broken) {
            return;
        }
        broken = true;
        toWorker.cut();
        toApi.cut();
        if (apiLearns) {
            world.clock.after(
                    world.latency(), () -> api.sessionEnded(this, new CoordinatorEvent.SessionClosed(id, reason)));
        }
        if (workerLearns) {
            world.clock.after(
                    world.latency(), () -> worker.receive(workerEpoch, new AgentEvent.SessionClosed(id, reason)));
        }
    }
}
