package io.weir.queryapi.workmanager;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.netty.channel.ChannelOption;
import io.weir.proto.control.v1.ApiHello;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.WorkerControlGrpc;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.control.v1.WorkerStatus;
import io.weir.proto.stream.Mailbox;
import io.weir.proto.stream.StreamWriter;
import io.weir.proto.stream.VersionRefusal;
import io.weir.queryapi.discovery.WorkerAddress;
import io.weir.workcoord.link.Link;
import io.weir.workcoord.link.LinkEvent;
import io.weir.workcoord.link.LinkProblem;
import io.weir.workcoord.link.LinkState;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The transport of a link: for each attempt the name is looked up again, and a channel of its own carries the one stream.
 * Decides nothing. Owned by the mailbox: every method is called there, callbacks of the transport only post to it.
 */
final class ControlLink {
    /*
     * Implementation notes. A channel that lives over several attempts keeps what it has resolved and connected to: a worker
     * that came back with another address was not found for as long as the transport's caches last, and a half-open
     * connection stayed. So a channel ends with its stream.
     */

    /** What a link tells its owner, in the mailbox. */
    interface Owner {
        void received(ControlLink link, long session, WorkerMessage message);

        void happened(ControlLink link, LinkEvent event);
    }

    final WorkerAddress address;
    final Link machine;
    private final WorkManagerSettings settings;
    private final Mailbox mailbox;
    private final HostResolver resolver;
    private final Owner owner;
    private @Nullable ManagedChannel channel;
    private @Nullable StreamWriter<ApiMessage> writer;
    private boolean resolving;
    private int attempts;

    String workerId = "";
    WorkerStatus status = WorkerStatus.getDefaultInstance();
    long heartbeatSequence;
    long heartbeatSentNanos;
    double heartbeatRttMillis = Double.NaN;

    ControlLink(
            WorkerAddress address,
            Link machine,
            WorkManagerSettings settings,
            Mailbox mailbox,
            HostResolver resolver,
            Owner owner) {
        this.address = address;
        this.machine = machine;
        this.settings = settings;
        this.mailbox = mailbox;
        this.resolver = resolver;
        this.owner = owner;
    }

    long session() {
        return machine.session();
    }

    boolean isOpen() {
        return machine.state().isOpen();
    }

    /** Looks the host up, on a thread of its own, then opens a stream and says hello. */
    void dial(long session) {
        if (resolving) {
            mailbox.post(() -> lost(session, "the name service has not answered for " + address.host()));
            return;
        }
        resolving = true;
        Thread.ofVirtual().name("weir-resolve-" + address).start(() -> resolve(session));
    }

    private void resolve(long session) {
        InetAddress[] found;
        String problem = "host " + address.host() + " has no address";
        try {
            found = resolver.resolve(address.host());
        } catch (UnknownHostException unknown) {
            found = new InetAddress[0];
            problem = "host " + address.host() + " does not resolve";
        } catch (RuntimeException failure) {
            found = new InetAddress[0];
            problem = "host " + address.host() + " cannot be looked up: " + failure;
        }
        InetAddress[] addresses = found;
        String failed = problem;
        mailbox.post(() -> {
            resolving = false;
            if (machine.session() == session && machine.state() == LinkState.CONNECTING) {
                if (addresses.length == 0) {
                    lost(session, failed);
                } else {
                    // Each attempt takes the next one: a name may have addresses that do not answer.
                    connect(session, addresses[attempts % addresses.length]);
                    attempts++;
                }
            }
        });
    }

    private void lost(long session, String message) {
        owner.happened(this, new LinkEvent.Ended(session, LinkProblem.CONNECTION_LOST, message));
    }

    private void connect(long session, InetAddress target) {
        ManagedChannel fresh = NettyChannelBuilder.forAddress(new InetSocketAddress(target, address.port()))
                .usePlaintext()
                .directExecutor()
                .disableRetry()
                .withOption(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.min(settings.helloMillisMax(), 1_000_000_000))
                .maxInboundMessageSize(settings.messageBytesMax())
                .build();
        channel = fresh;
        Receiver receiver = new Receiver(session);
        WorkerControlGrpc.newStub(fresh).connect(receiver);
        StreamWriter<ApiMessage> stream = new StreamWriter<>(receiver.call(), settings.outboundMessagesMax());
        receiver.writer = stream;
        writer = stream;
        send(ApiMessage.newBuilder()
                .setHello(ApiHello.newBuilder()
                        .setProtocolVersion(WorkManagerSettings.PROTOCOL_VERSION)
                        .setApiId(settings.apiId())
                        .setSession(session)
                        .setHeartbeatIntervalMillis(
                                settings.limits().heartbeat().intervalMillis()))
                .build());
    }

    /** Sends a message; if the stream cannot take it, it ends and the owner is told. */
    void send(ApiMessage message) {
        StreamWriter<ApiMessage> current = writer;
        if (current != null && !current.write(message)) {
            long session = machine.session();
            LinkProblem problem = current.overflowed() ? LinkProblem.BACK_PRESSURE : LinkProblem.CONNECTION_LOST;
            String text = current.overflowed()
                    ? "it does not read: " + settings.outboundMessagesMax() + " messages wait for it"
                    : "the stream is gone";
            mailbox.post(() -> owner.happened(this, new LinkEvent.Ended(session, problem, text)));
        }
    }

    /** Ends the stream from this side. */
    void hangUp(Status reason) {
        StreamWriter<ApiMessage> current = writer;
        if (current != null) {
            current.fail(reason);
        }
    }

    /** Gives the transport of an ended stream back. Returns it, so that a closing process can wait for it. */
    @Nullable
    ManagedChannel release() {
        ManagedChannel ended = channel;
        channel = null;
        writer = null;
        heartbeatRttMillis = Double.NaN;
        if (ended != null) {
            ended.shutdownNow();
        }
        return ended;
    }

    /** Whether a channel ended within the time. Blocks; not called in the mailbox. */
    static boolean awaitClosed(ManagedChannel channel, long millis) throws InterruptedException {
        return channel.awaitTermination(millis, TimeUnit.MILLISECONDS);
    }

    private final class Receiver implements ClientResponseObserver<ApiMessage, WorkerMessage> {
        private final long ofSession;
        private @Nullable ClientCallStreamObserver<ApiMessage> call;
        private volatile @Nullable StreamWriter<ApiMessage> writer;

        Receiver(long ofSession) {
            this.ofSession = ofSession;
        }

        ClientCallStreamObserver<ApiMessage> call() {
            ClientCallStreamObserver<ApiMessage> known = call;
            if (known == null) {
                throw new IllegalStateException("gRPC has not begun the call");
            }
            return known;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<ApiMessage> starting) {
            call = starting;
            starting.disableAutoRequestWithInitial(settings.inboundMessagesMax());
            starting.setOnReadyHandler(() -> {
                StreamWriter<ApiMessage> known = writer;
                if (known != null) {
                    known.drain();
                }
            });
        }

        @Override
        public void onNext(WorkerMessage message) {
            mailbox.post(() -> {
                owner.received(ControlLink.this, ofSession, message);
                call().request(1);
            });
        }

        @Override
        public void onError(Throwable failure) {
            Status status = Status.fromThrowable(failure);
            String description = status.getDescription();
            Throwable cause = status.getCause();
            String reason = status.getCode()
                    + (description == null ? "" : ": " + description)
                    + (cause == null ? "" : " (" + cause.getMessage() + ")");
            LinkEvent event = VersionRefusal.isOne(failure)
                    ? new LinkEvent.WrongVersion(ofSession, description == null ? reason : description)
                    : new LinkEvent.Ended(ofSession, LinkProblem.CONNECTION_LOST, reason);
            mailbox.post(() -> owner.happened(ControlLink.this, event));
        }

        @Override
        public void onCompleted() {
            mailbox.post(() -> owner.happened(
                    ControlLink.this,
                    new LinkEvent.Ended(ofSession, LinkProblem.PEER_ENDED, "the worker ended the stream")));
        }
    }
}
