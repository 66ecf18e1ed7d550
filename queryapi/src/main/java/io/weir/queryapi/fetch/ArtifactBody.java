package io.weir.queryapi.fetch;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** Writes a response's body to a file and computes its SHA-256 on the way; stops at the first byte beyond the size. */
final class ArtifactBody implements HttpResponse.BodyHandler<ArtifactBody.Result> {
    /** The header in which a worker repeats the artifact's checksum. */
    static final String CHECKSUM_HEADER = "X-Artifact-Checksum";

    /** What came in. */
    record Result(long sizeBytes, String checksum) {}

    /** The server's header contradicts the announcement. */
    static final class ChecksumException extends IOException {
        private static final long serialVersionUID = 1L;

        ChecksumException(String message) {
            super(message);
        }
    }

    /** Another status than 200. */
    static final class StatusException extends IOException {
        private static final long serialVersionUID = 1L;
        private final int status;

        StatusException(int status) {
            super("the worker answered status " + status);
            this.status = status;
        }

        int status() {
            return status;
        }
    }

    /** The API's own disk did not take the bytes. */
    static final class WriteException extends IOException {
        private static final long serialVersionUID = 1L;

        WriteException(String message, IOException cause) {
            super(message, cause);
        }
    }

    private final FileChannel channel;
    private final long sizeBytes;
    private final String checksum;

    /** @param channel to write to; closed by whoever opened it, which also ends what is still coming in */
    ArtifactBody(FileChannel channel, long sizeBytes, String checksum) {
        this.channel = channel;
        this.sizeBytes = sizeBytes;
        this.checksum = checksum;
    }

    @Override
    public HttpResponse.BodySubscriber<Result> apply(HttpResponse.ResponseInfo response) {
        if (response.statusCode() != 200) {
            return refuse(new StatusException(response.statusCode()));
        }
        Optional<String> header = response.headers().firstValue(CHECKSUM_HEADER);
        if (header.isEmpty()) {
            return refuse(new IOException("the answer has no " + CHECKSUM_HEADER + " header"));
        }
        if (!header.get().equals(checksum)) {
            return refuse(
                    new ChecksumException(CHECKSUM_HEADER + " is " + header.get() + ", announced was " + checksum));
        }
        try {
            return new Subscriber(channel, sizeBytes, MessageDigest.getInstance("SHA-256"));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
    }

    private static HttpResponse.BodySubscriber<Result> refuse(IOException reason) {
        return new HttpResponse.BodySubscriber<>() {
            @Override
            public CompletionStage<Result> getBody() {
                return CompletableFuture.failedFuture(reason);
            }

            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.cancel();
            }

            @Override
            public void onNext(List<ByteBuffer> buffers) {
                // What is still under way after the cancellation is not wanted.
            }

            @Override
            public void onError(Throwable failure) {
                // The reason is known.
            }

            @Override
            public void onComplete() {
                // The reason is known.
            }
        };
    }

    private static final class Subscriber implements HttpResponse.BodySubscriber<Result> {
        private final FileChannel channel;
        private final long sizeBytes;
        private final MessageDigest digest;
        private final CompletableFuture<Result> body = new CompletableFuture<>();
        private Flow.@Nullable Subscription subscription;
        private long receivedBytes;

        Subscriber(FileChannel channel, long sizeBytes, MessageDigest digest) {
            this.channel = channel;
            this.sizeBytes = sizeBytes;
            this.digest = digest;
        }

        @Override
        public CompletionStage<Result> getBody() {
            return body;
        }

        @Override
        public void onSubscribe(Flow.Subscription incoming) {
            subscription = incoming;
            incoming.request(1);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            if (body.isDone()) {
                return;
            }
            try {
                for (ByteBuffer buffer : buffers) {
                    receivedBytes += buffer.remaining();
                    if (receivedBytes > sizeBytes) {
                        throw new IOException("more bytes than the announced " + sizeBytes);
                    }
                    digest.update(buffer.duplicate());
                    write(buffer);
                }
                request();
            } catch (IOException failure) {
                end(failure);
            }
        }

        private void write(ByteBuffer buffer) throws WriteException {
            try {
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
            } catch (IOException failure) {
                throw new WriteException(
                        "the API's spool does not take the artifact: " + failure.getMessage(), failure);
            }
        }

        private void request() {
            Flow.Subscription known = subscription;
            if (known != null) {
                known.request(1);
            }
        }

        private void end(Throwable failure) {
            Flow.Subscription known = subscription;
            if (known != null) {
                known.cancel();
            }
            close();
            body.completeExceptionally(failure);
        }

        @Override
        public void onError(Throwable failure) {
            close();
            body.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            close();
            body.complete(new Result(receivedBytes, HexFormat.of().formatHex(digest.digest())));
        }

        private void close() {
            try {
                channel.close();
            } catch (IOException failure) {
                body.completeExceptionally(failure);
            }
        }
    }
}
