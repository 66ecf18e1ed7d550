package io.weir.proto.stream;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.CallStreamObserver;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The one writer of a gRPC stream: keeps messages in order while the transport is not ready for them. A message is never
 * dropped silently: when more wait than allowed, the stream fails. Thread-safe; never blocks.
 */
public final class StreamWriter<M> {
    /*
     * Implementation notes. A stream observer must not be used by two threads at a time, hence the lock. What is called
     * under it only hands the message to the transport.
     */
    private final CallStreamObserver<M> stream;
    private final int waitingMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<M> waiting = new ArrayDeque<>();
    private boolean completing;
    private boolean closed;
    private boolean overflowed;

    /** @param waitingMax messages that may wait for the transport */
    public StreamWriter(CallStreamObserver<M> stream, int waitingMax) {
        this.stream = stream;
        this.waitingMax = waitingMax;
    }

    /** Sends a message or lets it wait. Returns false if the stream is closed, or is closed now because too many wait. */
    public boolean write(M message) {
        lock.lock();
        try {
            if (closed || completing) {
                return false;
            }
            if (waiting.isEmpty() && stream.isReady()) {
                return send(message);
            }
            if (waiting.size() >= waitingMax) {
                overflowed = true;
                failLocked(
                        Status.RESOURCE_EXHAUSTED.withDescription(
                                "the peer reads too slowly: " + waitingMax + " control messages wait for it"),
                        new Metadata());
                return false;
            }
            waiting.add(message);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** To be called when the transport becomes ready. */
    public void drain() {
        lock.lock();
        try {
            while (!closed && !waiting.isEmpty() && stream.isReady()) {
                send(waiting.removeFirst());
            }
            completeIfDone();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the stream in order, after what waits. */
    public void complete() {
        lock.lock();
        try {
            completing = true;
            completeIfDone();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the stream at once. What waits is lost, and the peer knows by the status. */
    public void fail(Status status) {
        fail(status, new Metadata());
    }

    /** Ends the stream at once, with what the peer's program can read about it. */
    public void fail(Status status, Metadata trailers) {
        lock.lock();
        try {
            failLocked(status, trailers);
        } finally {
            lock.unlock();
        }
    }

    /** The stream has ended by itself: nothing is written any more. */
    public void ended() {
        lock.lock();
        try {
            closed = true;
            waiting.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the stream was failed because more messages waited than may. */
    public boolean overflowed() {
        lock.lock();
        try {
            return overflowed;
        } finally {
            lock.unlock();
        }
    }

    /** Messages that wait for the transport. */
    public int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    private boolean send(M message) {
        try {
            stream.onNext(message);
            return true;
        } catch (IllegalStateException | io.grpc.StatusRuntimeException ended) {
            // The call ended before its end was reported to us; the report follows.
            closed = true;
            waiting.clear();
            return false;
        }
    }

    private void completeIfDone() {
        if (completing && !closed && waiting.isEmpty()) {
            closed = true;
            try {
                stream.onCompleted();
            } catch (IllegalStateException | io.grpc.StatusRuntimeException ended) {
                // It has ended already, which is what was wanted.
                return;
            }
        }
    }

    private void failLocked(Status status, Metadata trailers) {
        if (closed) {
            return;
        }
        closed = true;
        waiting.clear();
        try {
            stream.onError(status.asRuntimeException(trailers));
        } catch (IllegalStateException | io.grpc.StatusRuntimeException ended) {
            // It has ended already, which is what was wanted.
            return;
        }
    }
}
