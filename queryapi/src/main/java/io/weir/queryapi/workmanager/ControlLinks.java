package io.weir.queryapi.workmanager;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.WorkerHello;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.control.v1.WorkerStatus;
import io.weir.proto.stream.Mailbox;
import io.weir.queryapi.discovery.WorkerAddress;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import io.weir.workcoord.link.Link;
import io.weir.workcoord.link.LinkEffect;
import io.weir.workcoord.link.LinkEvent;
import io.weir.workcoord.link.LinkProblem;
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

/** The shell of the links to all known addresses: executes what each link's state machine decides. Owned by the mailbox. */
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
    private final HostResolver resolver;
    private final LinkMetrics metrics;
    private final Receiver receiver;
    private final TreeMap<WorkerAddress, ControlLink> links = new TreeMap<>();
    private final Map<Long, ControlLink> bySession = new HashMap<>();
    private final List<ManagedChannel> closing = new ArrayList<>();
    private boolean limitReported;
    private boolean closed;
    private long sessions;

    ControlLinks(
            WorkManagerSettings settings,
            Mailbox mailbox,
            RandomGenerator random,
            HostResolver resolver,
            LinkMetrics metrics,
            Receiver receiver) {
        this.settings = settings;
        this.mailbox = mailbox;
        this.random = random;
        this.resolver = resolver;
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
        if (closed) {
            return;
        }
        // First what is gone: it makes room under the limit.
        for (ControlLink link : List.copyOf(links.values())) {
            if (!addresses.contains(link.address)) {
                handle(link, new LinkEvent.Unlisted());
            }
        }
        boolean beyondLimit = false;
        for (WorkerAddress address : addresses.stream().sorted().toList()) {
            ControlLink known = links.get(address);
            if (known != null) {
                handle(known, new LinkEvent.Listed());
            } else if (links.size() < settings.addressesMax()) {
                Link machine =
                        new Link(settings.linkLimits(), () -> ++sessions, random::nextDouble, mailbox.nowMillis());
                ControlLink link = new ControlLink(address, machine, settings, mailbox, resolver, this);
                links.put(address, link);
                handle(link, new LinkEvent.Tick());
            } else {
                beyondLimit = true;
            }
        }
        if (beyondLimit && !limitReported) {
            LOG.error(
                    "{} worker addresses are listed; those beyond the limit of {} are not dialled"
                            + " (setting control-addresses-max)",
                    addresses.size(),
                    settings.addressesMax());
        }
        limitReported = beyondLimit;
    }

    long nextTimerMillis() {
        long next = Long.MAX_VALUE;
        for (ControlLink link : links.values()) {
            next = Math.min(next, link.machine.nextTimerMillis());
        }
        return next;
    }

    /** Dials what is due, gives up on hellos that are overdue. */
    void tick() {
        for (ControlLink link : List.copyOf(links.values())) {
            handle(link, new LinkEvent.Tick());
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
            LinkProblem problem = switch (close.reason()) {
                case SILENT -> LinkProblem.SILENT;
                case SUPERSEDED, OUTDATED -> LinkProblem.SUPERSEDED;
                case DUPLICATE_IDENTITY -> LinkProblem.DUPLICATE_IDENTITY;
                case TOO_MANY_WORKERS -> LinkProblem.TOO_MANY_PEERS;
            };
            handle(link, new LinkEvent.Dropped(close.session(), problem, close.message()));
        }
    }

    @Override
    public void received(ControlLink link, long session, WorkerMessage message) {
        // After closeAll the streams' ends are our own doing.
        if (closed || link.session() != session) {
            return;
        }
        if (message.getMessageCase() == WorkerMessage.MessageCase.HELLO) {
            hello(link, session, message.getHello());
        } else if (link.isOpen()) {
            receiver.received(link, message);
        } else {
            handle(link, new LinkEvent.BrokenProtocol(session, "the first message of a control stream is WorkerHello"));
        }
    }

    private void hello(ControlLink link, long session, WorkerHello hello) {
        if (hello.getProtocolVersion() != WorkManagerSettings.PROTOCOL_VERSION) {
            handle(
                    link,
                    new LinkEvent.WrongVersion(
                            session,
                            "control protocol version " + hello.getProtocolVersion() + " of worker "
                                    + hello.getWorkerId() + " is not version " + WorkManagerSettings.PROTOCOL_VERSION
                                    + " of this API; run the same release of Weir on both"));
        } else if (hello.getWorkerId().isBlank()) {
            handle(link, new LinkEvent.BrokenProtocol(session, "it has no worker id"));
        } else {
            boolean first = !link.isOpen();
            handle(link, new LinkEvent.HelloReceived(session));
            if (first && link.isOpen() && link.session() == session) {
                opened(link, hello);
            }
        }
    }

    private void opened(ControlLink link, WorkerHello hello) {
        link.workerId = hello.getWorkerId();
        WorkerStatus status = hello.getStatus();
        link.status = status;
        receiver.step(new CoordinatorEvent.SessionOpened(
                link.session(),
                hello.getWorkerId(),
                hello.getIncarnation(),
                link.address.toString(),
                status.getAcceptingWork(),
                status.getDraining(),
                settings.usableCredits(status.getCredits())));
        if (link.isOpen()) {
            LOG.info("worker {} at {} connected, session {}", link.workerId, link.address, link.session());
        }
    }

    @Override
    public void happened(ControlLink link, LinkEvent event) {
        if (!closed) {
            handle(link, event);
        }
    }

    private void handle(ControlLink link, LinkEvent event) {
        for (LinkEffect effect : link.machine.handle(event, mailbox.nowMillis())) {
            execute(link, effect);
        }
    }

    private void execute(ControlLink link, LinkEffect effect) {
        switch (effect) {
            case LinkEffect.Dial dial -> {
                release(link);
                link.dial(dial.session());
            }
            case LinkEffect.HangUp hangUp ->
                link.hangUp(status(hangUp.problem()).withDescription(hangUp.message()));
            case LinkEffect.Opened opened -> bySession.put(opened.session(), link);
            case LinkEffect.Reconnected reconnected ->
                metrics.reconnect.record(reconnected.afterMillis(), TimeUnit.MILLISECONDS);
            case LinkEffect.Lost lost -> {
                bySession.remove(lost.session());
                release(link);
                metrics.disconnected(lost.problem());
                if (!lost.known()) {
                    receiver.step(new CoordinatorEvent.SessionClosed(lost.session(), lost.message()));
                }
            }
            case LinkEffect.VersionMismatch mismatch -> metrics.versionMismatches.increment();
            case LinkEffect.Report report -> report(link, report);
            case LinkEffect.Closed over -> {
                if (!closed) {
                    LOG.info("worker address {} is no longer listed", link.address);
                }
                links.remove(link.address);
                release(link);
            }
        }
    }

    private static void report(ControlLink link, LinkEffect.Report report) {
        String peer = (link.workerId.isEmpty() ? "worker" : "worker " + link.workerId) + " at " + link.address;
        switch (report.problem()) {
            case WRONG_VERSION ->
                LOG.error("{} is refused: {}; it is tried again from time to time", peer, report.message());
            case DUPLICATE_IDENTITY, TOO_MANY_PEERS ->
                LOG.error("{} is refused: {}; it is tried again", peer, report.message());
            case PEER_ENDED, UNLISTED, CLOSING -> LOG.info("{} is disconnected: {}", peer, report.message());
            case CONNECTION_LOST, BACK_PRESSURE, NO_HELLO, BROKEN_PROTOCOL, SILENT, SUPERSEDED ->
                LOG.warn("no stream to {}: {}; it is tried again", peer, report.message());
        }
    }

    private static Status status(LinkProblem problem) {
        return switch (problem) {
            case NO_HELLO, SILENT -> Status.DEADLINE_EXCEEDED;
            case WRONG_VERSION, BROKEN_PROTOCOL -> Status.FAILED_PRECONDITION;
            case CONNECTION_LOST, BACK_PRESSURE, SUPERSEDED, DUPLICATE_IDENTITY, TOO_MANY_PEERS -> Status.ABORTED;
            case PEER_ENDED, UNLISTED, CLOSING -> Status.CANCELLED;
        };
    }

    private void release(ControlLink link) {
        ManagedChannel ended = link.release();
        if (ended != null) {
            closing.removeIf(ManagedChannel::isTerminated);
            closing.add(ended);
        }
    }

    /** Ends all links. Returns their channels, so that the caller can wait for them outside the mailbox. */
    List<ManagedChannel> closeAll() {
        closed = true;
        for (ControlLink link : List.copyOf(links.values())) {
            handle(link, new LinkEvent.Close());
        }
        return List.copyOf(closing);
    }
}
