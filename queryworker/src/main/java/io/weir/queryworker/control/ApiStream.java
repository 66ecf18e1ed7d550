package io.weir.queryworker.control;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.stream.Mailbox;
import io.weir.proto.stream.StreamWriter;
import io.weir.proto.stream.VersionRefusal;

/**
 * One stream of an API, before and after its hello. Callbacks of the transport only post to the mailbox; the transport is
 * asked for another message when one has been handled, so a stream never has more than a few in memory.
 */
final class ApiStream implements StreamObserver<ApiMessage> {
    /** What a stream tells its owner, in the mailbox. */
    interface Owner {
        void received(ApiStream stream, ApiMessage message);

        void ended(ApiStream stream, Ending ending, String reason);
    }

    /** How a stream ends, as the value of a metric's label. */
    enum Ending {
        /** The connection broke or the API hung up. */
        CONNECTION_LOST("connection_lost"),
        /** The API ended it in order. */
        PEER_ENDED("peer_ended"),
        /** As many messages wait for the API as may. */
        BACK_PRESSURE("back_pressure"),
        BROKEN_PROTOCOL("broken_protocol"),
        SILENT("silent"),
        SUPERSEDED("superseded"),
        TOO_MANY_PEERS("too_many_peers"),
        /** The drain is over. */
        DRAINED("drained");

        final String label;

        Ending(String label) {
            this.label = label;
        }
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
            ControlSettings settings,
            Mailbox mailbox,
            Owner owner,
            ServerCallStreamObserver<WorkerMessage> call) {
        this.session = session;
        this.helloDueMillis = helloDueMillis;
        this.mailbox = mailbox;
        this.owner = owner;
        this.call = call;
        this.writer = new StreamWriter<>(call, settings.outboundMessagesMax());
        call.disableAutoRequest();
        call.setOnReadyHandler(writer::drain);
        call.setOnCancelHandler(() -> end(Ending.CONNECTION_LOST, "the API hung up or its connection broke"));
        call.request(settings.inboundMessagesMax());
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
        end(
                Ending.CONNECTION_LOST,
                "connection lost: " + Status.fromThrowable(failure).getCode());
    }

    @Override
    public void onCompleted() {
        end(Ending.PEER_ENDED, "the API closed the stream");
        writer.complete();
    }

    private void end(Ending ending, String reason) {
        mailbox.post(() -> {
            writer.ended();
            owner.ended(this, ending, reason);
        });
    }

    /** Sends a message; if the stream cannot take it, it ends and its owner is told. */
    void send(WorkerMessage message) {
        if (!writer.write(message)) {
            if (writer.overflowed()) {
                end(Ending.BACK_PRESSURE, "the API does not read: as many messages wait for it as may");
            } else {
                end(Ending.CONNECTION_LOST, "the stream is gone");
            }
        }
    }

    void complete() {
        writer.complete();
    }

    void fail(Status status) {
        writer.fail(status);
    }

    /** Refuses the version that the API speaks, so that its program can tell. */
    void failForVersion(Status status, int version) {
        writer.fail(status, VersionRefusal.trailers(version));
    }
}
