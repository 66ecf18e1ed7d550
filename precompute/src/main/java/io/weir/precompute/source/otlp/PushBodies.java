package io.weir.precompute.source.otlp;

import io.weir.precompute.source.otlp.PushReceiver.Failure;
import io.weir.precompute.source.otlp.PushReceiver.RequestException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Bodies of requests over HTTP, from their first byte until they were worked on: bounded together, each in time. A sender that is slow keeps nobody
 * from a turn but takes room for what it has sent. Thread-safe.
 */
final class PushBodies {
    private static final int BLOCK_BYTES = 16 << 10;

    private final ReceiverSettings settings;
    /** Of blocks, since a semaphore counts to 2^31. */
    private final Semaphore room;

    PushBodies(ReceiverSettings settings) {
        this.settings = settings;
        // One more, so that there is room for a longest body and the byte that shows that it is no longer.
        room = new Semaphore((int) Math.min(Integer.MAX_VALUE, settings.bodiesBytesMax() / BLOCK_BYTES + 1));
    }

    /** A body that has more bytes than are read. */
    static final class TooLargeException extends Exception {
        private static final long serialVersionUID = 1L;

        TooLargeException(String message) {
            super(message);
        }
    }

    /** One body, or as much of it as has come. For one thread. */
    final class Body implements AutoCloseable {
        private byte[] bytes = new byte[0];
        private int blocks;
        private int length;

        byte[] bytes() {
            return bytes;
        }

        private void grow() throws RequestException {
            int wanted = Math.min(Math.max(1, 2 * blocks), Math.ceilDiv(limit(), BLOCK_BYTES));
            int more = wanted - blocks;
            if (!room.tryAcquire(more)) {
                throw new RequestException(
                        Failure.OVERLOADED,
                        "precompute-receiver-bodies-bytes-max=" + settings.bodiesBytesMax()
                                + " bytes of requests are being read already; send again later");
            }
            blocks = wanted;
            bytes = Arrays.copyOf(bytes, Math.toIntExact(Math.min((long) wanted * BLOCK_BYTES, limit())));
        }

        private int limit() {
            // One more, which tells that it is too long.
            return Math.toIntExact(Math.min(Integer.MAX_VALUE - 8L, settings.requestBytesMax() + 1L));
        }

        private void read(InputStream stream) throws IOException, RequestException, TooLargeException {
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.bodyMillisMax());
            while (true) {
                if (length == bytes.length) {
                    grow();
                }
                int read = stream.read(bytes, length, bytes.length - length);
                if (read < 0) {
                    bytes = Arrays.copyOf(bytes, length);
                    return;
                }
                length += read;
                if (length > settings.requestBytesMax()) {
                    throw tooLarge();
                }
                if (end - System.nanoTime() < 0) {
                    throw new RequestException(
                            Failure.OVERLOADED,
                            "the body took longer than precompute-receiver-body-millis-max=" + settings.bodyMillisMax()
                                    + " to come; send smaller batches");
                }
            }
        }

        /** Gives its room to others. */
        @Override
        public void close() {
            room.release(blocks);
            blocks = 0;
            bytes = new byte[0];
        }
    }

    TooLargeException tooLarge() {
        return new TooLargeException("the body has more than precompute-receiver-request-bytes-max="
                + settings.requestBytesMax() + " bytes; send smaller batches");
    }

    /**
     * Reads a body as it comes.
     *
     * @throws RequestException if there is no room for it, or it is too slow
     */
    Body read(InputStream stream) throws IOException, RequestException, TooLargeException {
        Body body = new Body();
        boolean isRead = false;
        try {
            body.read(stream);
            isRead = true;
            return body;
        } finally {
            if (!isRead) {
                body.close();
            }
        }
    }

    /** All of a stream that need not be waited for, within the length of a request. */
    byte[] bounded(InputStream stream) throws IOException, TooLargeException {
        byte[] content = stream.readNBytes(settings.requestBytesMax());
        if (content.length == settings.requestBytesMax() && stream.read() >= 0) {
            throw tooLarge();
        }
        return content;
    }
}
