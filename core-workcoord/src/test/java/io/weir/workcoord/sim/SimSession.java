package io.weir.workcoord.sim;

import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/**
 * One stream between an API and a worker: each direction is in order and reliable, until it stalls, swallows everything,
 * breaks for both sides or for one side only. What was under way when it broke is lost, or a first part of it arrives late,
 * as messages of the old session.
 */
final class SimSession {
    /** One direction of the stream. */
    private final class Lane<M> {
        private final SimNode from;
        private final SimNode to;
        private final Consumer<M> receiver;
        private final Deque<M> underWay = new ArrayDeque<>();
        private long lastArrivalMillis;
        private int cuts;
        private boolean swallows;

        Lane(SimNode from, SimNode to, Consumer<M> receiver) {
            this.from = from;
            this.to = to;
            this.receiver = receiver;
        }

        void send(M message) {
            if (broken || swallows) {
                return;
            }
            long arrival = Math.max(lastArrivalMillis, world.network.arrivalMillis(from, to));
            if (world.happens(Fault.STALL, world.network.choices)) {
                arrival += world.network.choices.below(4_000);
            }
            lastArrivalMillis = arrival;
            underWay.add(message);
            int before = cuts;
            world.clock.at(arrival, this, message, () -> {
                // Not there any more: the stream broke first.
                if (cuts == before) {
                    receiver.accept(underWay.removeFirst());
                }
            });
            if (mayComeTwice(message) && world.happens(Fault.DUPLICATE, world.network.choices)) {
                long again = arrival + world.network.choices.below(200);
                world.clock.at(again, this, message, () -> {
                    if (cuts == before) {
                        receiver.accept(message);
                    }
                });
            }
        }

        /** Only what names one attempt may be repeated; an assignment names a new one. */
        private static boolean mayComeTwice(Object message) {
            return message instanceof CoordinatorEvent.Ready
                    || message instanceof CoordinatorEvent.Accepted
                    || message instanceof CoordinatorEvent.Failed
                    || message instanceof CoordinatorEvent.Rejected
                    || message instanceof AgentEvent.AckReceived;
        }

        /** The stream broke: what is under way is lost, or some of it arrives late. */
        void cut() {
            cuts++;
            if (!underWay.isEmpty() && world.happens(Fault.LATE, world.network.choices)) {
                List<M> late = new ArrayList<>(underWay);
                int arriving = world.network.choices.upTo(late.size());
                long delay = world.network.choices.below(6_000);
                for (M message : late.subList(0, arriving)) {
                    world.clock.at(world.clock.nowMillis() + delay, this, message, () -> receiver.accept(message));
                }
            }
            underWay.clear();
        }
    }

    final SimWorld world;
    final SimApi api;
    final SimWorker worker;
    final String address;
    final long id;
    final int apiEpoch;
    final int workerEpoch;
    private final Lane<AgentEvent> toWorker;
    private final Lane<CoordinatorEvent> toApi;
    private boolean broken;
    /** The API knows of the end, or has ended it itself: what still comes is not read. */
    boolean apiGaveUp;

    SimSession(SimWorld world, SimApi api, SimWorker worker, long id) {
        this.world = world;
        this.api = api;
        this.worker = worker;
        this.address = worker.address;
        this.id = id;
        this.apiEpoch = api.epoch;
        this.workerEpoch = worker.epoch;
        this.toWorker = new Lane<>(api, worker, event -> worker.receive(workerEpoch, event, this));
        this.toApi = new Lane<>(worker, api, event -> api.receive(apiEpoch, event, this));
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
        if (broken || !world.faulty()) {
            return;
        }
        Choices choices = world.network.choices;
        if (world.happens(Fault.BREAK, choices)) {
            breakFor(true, true, "network");
        } else if (world.happens(Fault.HALF_OPEN, choices)) {
            boolean apiLearns = choices.half();
            breakFor(apiLearns, !apiLearns, "half-open");
        } else if (world.happens(Fault.BLACK_HOLE, choices)) {
            int directions = choices.below(3);
            toWorker.swallows |= directions != 1;
            toApi.swallows |= directions != 0;
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
            CoordinatorEvent.SessionClosed closed = new CoordinatorEvent.SessionClosed(id, reason);
            world.clock.at(
                    world.network.arrivalMillis(worker, api), toApi, closed, () -> api.sessionEnded(this, closed));
        }
        if (workerLearns) {
            AgentEvent.SessionClosed closed = new AgentEvent.SessionClosed(id, reason);
            world.clock.at(
                    world.network.arrivalMillis(api, worker),
                    toWorker,
                    closed,
                    () -> worker.receive(workerEpoch, closed, this));
        }
    }
}
