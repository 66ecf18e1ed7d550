package io.weir.ingest.load;

import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * An answer's body in memory, cut off at a number of bytes.
 *
 * @param bytes what was kept
 * @param cut whether there was more, which was not received
 */
public record BoundedBody(byte[] bytes, boolean cut) {
    /** A handler that keeps at most this many bytes and ends the connection where there are more. */
    public static HttpResponse.BodyHandler<BoundedBody> handler(long bytesMax) {
        return info -> new Subscriber(Math.min(bytesMax, Integer.MAX_VALUE - 16));
    }

    private static final class Subscriber implements HttpResponse.BodySubscriber<BoundedBody> {
        private final long bytesMax;
        private final CompletableFuture<BoundedBody> result = new CompletableFuture<>();
        private final List<byte[]> parts = new ArrayList<>();
        private long length;
        private Flow.@Nullable Subscription subscription;

        Subscriber(long bytesMax) {
            this.bytesMax = bytesMax;
        }

        @Override
        public CompletionStage<BoundedBody> getBody() {
            return result;
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            given.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer buffer : buffers) {
                if (result.isDone()) {
                    return;
                }
                int kept = (int) Math.min(buffer.remaining(), bytesMax - length);
                byte[] part = new byte[kept];
                boolean cut = kept < buffer.remaining();
                buffer.get(part);
                parts.add(part);
                length += kept;
                if (cut) {
                    complete(true);
                    if (subscription != null) {
                        subscription.cancel();
                    }
                }
            }
        }

        @Override
        public void onError(Throwable error) {
            result.completeExceptionally(error);
        }

        @Override
        public void onComplete() {
            complete(false);
        }

        private void complete(boolean cut) {
            byte[] all = new byte[(int) length];
            int position = 0;
            for (byte[] part : parts) {
                System.arraycopy(part, 0, all, position, part.length);
                position += part.length;
            }
            parts.clear();
            result.complete(new BoundedBody(all, cut));
        }
    }

    @Override
    public boolean equals(@Nullable Object object) {
        return object instanceof BoundedBody other && cut == other.cut && Arrays.equals(bytes, other.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return bytes.length + " bytes" + (cut ? ", cut" : "");
    }
}
