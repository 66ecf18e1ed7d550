package io.weir.queryapi.workmanager;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.weir.proto.control.v1.ApiHello;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.WorkerControlGrpc;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.control.v1.WorkerStatus;
import io.weir.proto.stream.Mailbox;
import io.weir.proto.stream.StreamWriter;
import io.weir.queryapi.discovery.WorkerAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connection to one address: a channel, the stream on it, and when to dial again. Owned by the mailbox: every method is
 * called there, callbacks of the transport only post to it.
 */
final class ControlLink {
    private static final int MESSAGES_AHEAD = 64;

    /** What a link tells its owner, in the mailbox. */
    interface Owner {
        void received(ControlLink link, long session, WorkerMessage message);

        void ended(ControlLink link, long session, String reason);
    }

    /** Where the link stands. */
    enum State {
        /** Waits until it is dialled again. */
        WAITING,
        /** Dialled; the worker has not said hello. */
        CONNECTING,
        /** Hellos are exchanged. */
        OPEN
    }

    final WorkerAddress address;
    private final WorkManagerSettings settings;
    private final Mailbox mailbox;
    private final Owner owner;
    private final ManagedChannel channel;
    private @Nullable StreamWriter<ApiMessage> writer;

    State state = State.WAITING;
    long session;
    String workerId = "";
    String lastProblem = "not dialled yet";
    /** Discovery does not list the address any more: the stream is kept while it lives, not dialled again. */
    boolean retired;

    long dialDueMillis;
    long helloDueMillis;
    long backoffMillis;
    long openedMillis;
    long lostNanos;
    WorkerStatus status = WorkerStatus.getDefaultInstance();
    long heartbeatSequence;
    long heartbeatSentNanos;
    double heartbeatRttMillis = Double.NaN;

    ControlLink(WorkerAddress address, WorkManagerSettings settings, Mailbox mailbox, Owner owner) {
        this.address = address;
        this.settings = settings;
        this.mailbox = mailbox;
        this.owner = owner;
        this.backoffMillis = settings.dialBackoffMillisMin();
        this.channel = NettyChannelBuilder.forAddress(address.host(), address.port())
                .usePlaintext()
                .directExecutor()
                .maxInboundMessageSize(settings.messageBytesMax())
                .build();
    }

    /** Opens a stream and says hello. */
    void dial(long newSession, long nowMillis) {
        session = newSession;
        state = State.CONNECTING;
        helloDueMillis = nowMillis + settings.helloMillisMax();
        // Our own back-off decides when to try; the channel's would keep a worker that is back waiting.
        channel.resetConnectBackoff();
        Receiver receiver = new Receiver(newSession);
        WorkerControlGrpc.newStub(channel).connect(receiver);
        StreamWriter<ApiMessage> fresh = new StreamWriter<>(receiver.call(), settings.outboundMessagesMax());
        receiver.writer = fresh;
        writer = fresh;
        send(ApiMessage.newBuilder()
                .setHello(ApiHello.newBuilder()
                        .setProtocolVersion(WorkManagerSettings.PROTOCOL_VERSION)
                        .setApiId(settings.apiId())
                        .setSession(newSession)
                        .setHeartbeatIntervalMillis(
                                settings.limits().heartbeat().intervalMillis()))
                .build());
    }

    /** Sends a message; if the stream cannot take it, it ends and the owner is told. */
    void send(ApiMessage message) {
        StreamWriter<ApiMessage> current = writer;
        if (current != null && !current.write(message)) {
            long ofSession = session;
            mailbox.post(() -> owner.ended(this, ofSession, "the worker does not read, or is gone"));
        }
    }

    /** Ends the stream from this side and waits before dialling again. */
    void hangUp(Status status) {
        StreamWriter<ApiMessage> current = writer;
        if (current != null) {
            current.fail(status);
        }
        writer = null;
    }

    /** The stream is over: dial again after the back-off, which grows unless the stream had lasted. */
    void backOff(long nowMillis, double jitter, String problem) {
        if (state == State.OPEN) {
            lostNanos = System.nanoTime();
            if (nowMillis - openedMillis > settings.dialBackoffMillisMax()) {
                backoffMillis = settings.dialBackoffMillisMin();
            }
        }
        state = State.WAITING;
        writer = null;
        lastProblem = problem;
        heartbeatRttMillis = Double.NaN;
        dialDueMillis = nowMillis + (long) (backoffMillis * (0.5 + 0.5 * jitter));
        backoffMillis = Math.min(settings.dialBackoffMillisMax(), backoffMillis * 2);
    }

    void close() {
        hangUp(Status.CANCELLED.withDescription("the API has ended this stream"));
        channel.shutdownNow();
    }

    /** Whether the channel ended within the time. Blocks; not called in the mailbox. */
    boolean awaitClosed(long millis) throws InterruptedException {
        return channel.awaitTermination(millis, TimeUnit.MILLISECONDS);
    }

    /** When the link needs attention next. */
    long nextTimerMillis() {
        return switch (state) {
            case WAITING -> retired ? Long.MAX_VALUE : dialDueMillis;
            case CONNECTING -> helloDueMillis;
            case OPEN -> Long.MAX_VALUE;
        };
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
            starting.disableAutoRequestWithInitial(MESSAGES_AHEAD);
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
            mailbox.post(() -> owner.ended(ControlLink.this, ofSession, reason));
        }

        @Override
        public void onCompleted() {
            mailbox.post(() -> owner.ended(ControlLink.this, ofSession, "the worker ended the stream"));
        }
    }
}
