package io.weir.queryapi.workmanager;

import io.grpc.Status;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.WorkerHello;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.control.v1.WorkerStatus;
import io.weir.proto.stream.Mailbox;
import io.weir.queryapi.discovery.WorkerAddress;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The links to all known addresses: dials them, follows discovery, knows which session is on which. Owned by the mailbox. */
final class ControlLinks implements ControlLink.Owner {
    private static final Logger LOG = LoggerFactory.getLogger(ControlLinks.class);

    /** What comes in from workers. */
    interface Receiver {
        void step(CoordinatorEvent event);

        void received(ControlLink link, WorkerMessage message);
    }

    private final WorkManagerSettings settings;
    private final Mailbox mailbox;
    private final RandomGenerator random;
    private final WorkMetrics metrics;
    private final Receiver receiver;
    private final TreeMap<WorkerAddress, ControlLink> links = new TreeMap<>();
    private final Map<Long, ControlLink> bySession = new HashMap<>();
    private boolean closed;
    private long sessions;

    ControlLinks(
            WorkManagerSettings settings,
            Mailbox mailbox,
            RandomGenerator random,
            WorkMetrics metrics,
            Receiver receiver) {
        this.settings = settings;
        this.mailbox = mailbox;
        this.random = random;
        this.metrics = metrics;
        this.receiver = receiver;
    }

    Collection<ControlLink> all() {
        return links.values();
    }

    @Nullable
    ControlLink ofSession(long session) {
        return bySession.get(session);
    }

    /** Discovery's current set. */
    void addresses(Set<WorkerAddress> addresses) {
        for (WorkerAddress address : addresses.stream().sorted().toList()) {
            ControlLink known = links.get(address);
            if (known != null) {
                known.retired = false;
            } else if (links.size() >= settings.addressesMax()) {
                LOG.error(
                        "worker {} is not dialled: the limit of {} addresses is reached",
                        address,
                        settings.addressesMax());
            } else {
                ControlLink link = new ControlLink(address, settings, mailbox, this);
                links.put(address, link);
                link.dial(++sessions, mailbox.nowMillis());
            }
        }
        for (ControlLink link : List.copyOf(links.values())) {
            if (!addresses.contains(link.address)) {
                link.retired = true;
                removeIfRetired(link);
            }
        }
    }

    /** An address that is listed no more goes when its stream is over; a draining worker still has artifacts for us. */
    private void removeIfRetired(ControlLink link) {
        if (link.retired && link.state != ControlLink.State.OPEN) {
            LOG.info("worker address {} is no longer listed", link.address);
            links.remove(link.address);
            link.close();
        }
    }

    long nextTimerMillis() {
        long next = Long.MAX_VALUE;
        for (ControlLink link : links.values()) {
            next = Math.min(next, link.nextTimerMillis());
        }
        return next;
    }

    /** Dials what is due, gives up on hellos that are overdue. */
    void tick() {
        long now = mailbox.nowMillis();
        for (ControlLink link : List.copyOf(links.values())) {
            if (link.nextTimerMillis() <= now) {
                switch (link.state) {
                    case WAITING -> link.dial(++sessions, now);
                    case CONNECTING -> {
                        link.hangUp(Status.DEADLINE_EXCEEDED.withDescription("no hello"));
                        over(link, "no hello within " + settings.helloMillisMax() + " ms");
                    }
                    case OPEN -> {
                        // Its timers are the coordinator's.
                    }
                }
            }
        }
    }

    void send(long session, ApiMessage message) {
        ControlLink link = bySession.get(session);
        if (link != null) {
            link.send(message);
        }
    }

    /** The coordinator closes a session. */
    void close(CoordinatorEffect.CloseSession close) {
        ControlLink link = bySession.get(close.session());
        if (link != null) {
            link.hangUp(Status.ABORTED.withDescription(close.message()));
            over(link, close.reason() + ": " + close.message());
        }
    }

    @Override
    public void received(ControlLink link, long session, WorkerMessage message) {
        // After closeAll the streams' ends are our own doing.
        if (closed || link.session != session || link.state == ControlLink.State.WAITING) {
            return;
        }
        if (message.getMessageCase() == WorkerMessage.MessageCase.HELLO) {
            hello(link, message.getHello());
        } else if (link.state != ControlLink.State.OPEN) {
            link.hangUp(Status.FAILED_PRECONDITION.withDescription("the first message is WorkerHello"));
            over(link, "it did not begin with a hello");
        } else {
            receiver.received(link, message);
        }
    }

    private void hello(ControlLink link, WorkerHello hello) {
        String problem = "";
        if (link.state == ControlLink.State.OPEN) {
            problem = "it said hello twice";
        } else if (hello.getProtocolVersion() != WorkManagerSettings.PROTOCOL_VERSION) {
            problem = "it speaks control protocol version " + hello.getProtocolVersion() + ", this API speaks "
                    + WorkManagerSettings.PROTOCOL_VERSION + "; run the same release of Weir on both";
        } else if (hello.getWorkerId().isBlank()) {
            problem = "it has no worker id";
        }
        if (!problem.isEmpty()) {
            link.hangUp(Status.FAILED_PRECONDITION.withDescription(problem));
            ended(link, link.session, problem);
            return;
        }
        link.state = ControlLink.State.OPEN;
        link.openedMillis = mailbox.nowMillis();
        link.workerId = hello.getWorkerId();
        link.status = hello.getStatus();
        link.lastProblem = "";
        bySession.put(link.session, link);
        if (link.lostNanos != 0) {
            metrics.reconnect.record(System.nanoTime() - link.lostNanos, TimeUnit.NANOSECONDS);
        }
        LOG.info("worker {} at {} connected, session {}", link.workerId, link.address, link.session);
        WorkerStatus status = hello.getStatus();
        receiver.step(new CoordinatorEvent.SessionOpened(
                link.session,
                hello.getWorkerId(),
                hello.getIncarnation(),
                link.address.toString(),
                status.getAcceptingWork(),
                status.getDraining(),
                status.getCredits()));
    }

    @Override
    public void ended(ControlLink link, long session, String reason) {
        // After closeAll the streams' ends are our own doing.
        if (closed || link.session != session || link.state == ControlLink.State.WAITING) {
            return;
        }
        boolean wasOpen = link.state == ControlLink.State.OPEN;
        over(link, reason);
        if (wasOpen) {
            receiver.step(new CoordinatorEvent.SessionClosed(session, reason));
        }
    }

    private void over(ControlLink link, String reason) {
        if (link.state == ControlLink.State.OPEN) {
            metrics.disconnects.increment();
            LOG.warn("worker {} at {} disconnected: {}", link.workerId, link.address, reason);
        } else if (!reason.equals(link.lastProblem)) {
            LOG.warn("worker at {} cannot be reached: {}; it is tried again", link.address, reason);
        }
        bySession.remove(link.session);
        link.backOff(mailbox.nowMillis(), random.nextDouble(), reason);
        removeIfRetired(link);
    }

    /** Ends all links. Returns them, so that the caller can wait for their channels outside the mailbox. */
    List<ControlLink> closeAll() {
        closed = true;
        List<ControlLink> ended = new ArrayList<>(links.values());
        ended.forEach(ControlLink::close);
        links.clear();
        bySession.clear();
        return ended;
    }
}
