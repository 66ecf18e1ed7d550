package io.weir.collector.source;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.weir.proto.sketch.v1.FetchReply;
import java.util.concurrent.TimeUnit;

/**
 * The answers of one fetch on their way to a peer, no faster than it reads: at most one message waits beyond what the transport buffers.
 *
 * <p>Written by the thread of the fetch; the transport only wakes it.
 */
final class ReplyStream {
    private final ServerCallStreamObserver<FetchReply> peer;
    private final long sendMillisMax;
    private final Object wake = new Object();
    private long points;

    ReplyStream(ServerCallStreamObserver<FetchReply> peer, long sendMillisMax) {
        this.peer = peer;
        this.sendMillisMax = sendMillisMax;
        peer.setOnReadyHandler(this::wake);
        peer.setOnCancelHandler(this::wake);
    }

    private void wake() {
        synchronized (wake) {
            wake.notifyAll();
        }
    }

    /** Sends a point when the peer has room. */
    void send(FetchReply reply) throws SlowPeerException, InterruptedException {
        awaitRoom();
        peer.onNext(reply);
        points++;
    }

    /** Sends the last reply. */
    void end(FetchReply summary) throws SlowPeerException, InterruptedException {
        awaitRoom();
        peer.onNext(summary);
        peer.onCompleted();
    }

    private void awaitRoom() throws SlowPeerException, InterruptedException {
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(sendMillisMax);
        synchronized (wake) {
            while (!peer.isReady() && !peer.isCancelled()) {
                long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
                if (leftMillis <= 0) {
                    throw new SlowPeerException(
                            "nothing was read for collector-fetch-send-millis-max=" + sendMillisMax);
                }
                wake.wait(leftMillis);
            }
        }
        if (peer.isCancelled()) {
            throw new SlowPeerException("the fetch was cancelled");
        }
    }

    void fail(Status status) {
        if (!peer.isCancelled()) {
            peer.onError(status.asRuntimeException());
        }
    }

    long points() {
        return points;
    }
}
