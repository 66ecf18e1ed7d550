package io.weir.queryworker.control;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.stream.Mailbox;
import io.weir.proto.stream.StreamWriter;

/**
 * One stream of an API, before and after its hello. Callbacks of the transport only post to the mailbox; the transport is
 * asked for another message when one has been handled, so a stream never has more than a few in memory.
 */
final class ApiStream implements StreamObserver<ApiMessage> {
    private static final int MESSAGES_AHEAD = 16;

    /** What a stream tells its owner, in the mailbox. */
    interface Owner {
        void received(ApiStream stream, ApiMessage message);

        void ended(ApiStream stream, String reason);
    }

    final long session;
    final long helloDueMillis;
    private final Mailbox mailbox;
    private final Owner owner;
    private final ServerCallStreamObserver<WorkerMessage> call;
    private final StreamWriter<WorkerMessage> writer;
    /** Set by the mailbox only. */
    boolean greeted;

    ApiStream(
            long session,
            long helloDueMillis,
            int outboundMessagesMax,
            Mailbox mailbox,
            Owner owner,
            ServerCallStreamObserver<WorkerMessage> call) {
        this.session = session;
        this.helloDueMillis = helloDueMillis;
        this.mailbox = mailbox;
        this.owner = owner;
        this.call = call;
        this.writer = new StreamWriter<>(call, outboundMessagesMax);
        call.disableAutoRequest();
        call.setOnReadyHandler(writer::drain);
        call.setOnCancelHandler(() -> end("the API ended the stream"));
        call.request(MESSAGES_AHEAD);
    }

    @Override
    public void onNext(ApiMessage message) {
        mailbox.post(() -> {
            owner.received(this, message);
            call.request(1);
        });
    }

    @Override
    public void onError(Throwable failure) {
        end("connection lost: " + Status.fromThrowable(failure).getCode());
    }

    @Override
    public void onCompleted() {
        end("the API closed the stream");
        writer.complete();
    }

    private void end(String reason) {
        mailbox.post(() -> {
            writer.ended();
            owner.ended(this, reason);
        });
    }

    /** Sends a message; if the stream cannot take it, it ends and its owner is told. */
    void send(WorkerMessage message) {
        if (!writer.write(message)) {
            end("the API does not read, or is gone");
        }
    }

    void complete() {
        writer.complete();
    }

    void fail(Status status) {
        writer.fail(status);
    }
}
