package io.weir.proto.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.stub.CallStreamObserver;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class StreamWriterTest {
    /** A transport that is ready when a test says so. */
    private static final class TestingStream extends CallStreamObserver<String> {
        final List<String> sent = new ArrayList<>();
        boolean ready = true;
        boolean over;
        boolean completed;

        @Nullable
        Status failure;

        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public void onNext(String message) {
            if (over) {
                throw new IllegalStateException("call is closed");
            }
            sent.add(message);
        }

        @Override
        public void onError(Throwable cause) {
            failure = Status.fromThrowable(cause);
        }

        @Override
        public void onCompleted() {
            completed = true;
        }

        @Override
        public void setOnReadyHandler(Runnable handler) {}

        @Override
        public void request(int count) {}

        @Override
        public void setMessageCompression(boolean enable) {}

        @Override
        public void disableAutoInboundFlowControl() {}
    }

    private final TestingStream stream = new TestingStream();
    private final StreamWriter<String> writer = new StreamWriter<>(stream, 2);

    @Test
    void messagesKeepTheirOrderWhileTheTransportIsNotReady() {
        assertThat(writer.write("1")).isTrue();
        stream.ready = false;
        assertThat(writer.write("2")).isTrue();
        stream.ready = true;
        assertThat(writer.write("3")).as("behind the one that waits").isTrue();
        assertThat(stream.sent).containsExactly("1");
        writer.drain();
        assertThat(stream.sent).containsExactly("1", "2", "3");
    }

    @Test
    void oneMessageTooManyFailsTheStream() {
        stream.ready = false;
        assertThat(writer.write("1")).isTrue();
        assertThat(writer.write("2")).isTrue();
        assertThat(writer.write("3")).isFalse();
        Status failure = stream.failure;
        assertThat(failure).isNotNull();
        assertThat(String.valueOf(failure)).contains("RESOURCE_EXHAUSTED", "2 control messages wait");
        assertThat(writer.waiting()).isZero();
        stream.ready = true;
        assertThat(writer.write("4")).isFalse();
        assertThat(stream.sent).isEmpty();
    }

    @Test
    void anOrderlyEndComesAfterWhatWaits() {
        stream.ready = false;
        writer.write("1");
        writer.complete();
        assertThat(stream.completed).isFalse();
        assertThat(writer.write("2")).isFalse();
        stream.ready = true;
        writer.drain();
        assertThat(stream.sent).containsExactly("1");
        assertThat(stream.completed).isTrue();
    }

    @Test
    void aCallThatEndedByItselfTakesNothing() {
        stream.over = true;
        assertThat(writer.write("1")).isFalse();
        stream.over = false;
        assertThat(writer.write("2")).isFalse();
        writer.ended();
        writer.fail(Status.ABORTED);
        assertThat(stream.failure).isNull();
    }
}
